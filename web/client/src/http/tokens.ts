/**
 * Where the tokens of a session are kept.
 */

/** The tokens of a session. */
export interface Tokens {
  access_token: string;
  /** Good for one refresh. */
  refresh_token: string;
  /** When the access token ends, in milliseconds since 1970 by this machine's clock. */
  expires_at: number;
}

/** Keeps the tokens of one session; null is signed out. */
export interface TokenStore {
  load(): Tokens | null | Promise<Tokens | null>;
  save(tokens: Tokens | null): void | Promise<void>;
  /** Names what several tabs share, so that only one of them refreshes; left out when nothing is shared. */
  sharedAs?: string;
}

/** Tokens that end with the page or the process. */
export function memoryTokens(): TokenStore {
  let kept: Tokens | null = null;
  return {
    load: () => kept,
    save: (tokens) => {
      kept = tokens;
    },
  };
}

/**
 * Tokens in `localStorage`, shared by the tabs of an origin and kept when they close. A script that an attacker gets
 * into the page can read them, which is why this is not the default.
 */
export function localStorageTokens(name = "storeroom.tokens"): TokenStore {
  return {
    load: () => parsed(localStorage.getItem(name)),
    save: (tokens) => {
      if (tokens) localStorage.setItem(name, JSON.stringify(tokens));
      else localStorage.removeItem(name);
    },
    sharedAs: name,
  };
}

/** What is no token is as good as none. */
function parsed(text: string | null): Tokens | null {
  try {
    const value = JSON.parse(text ?? "null") as Partial<Tokens> | null;
    const { access_token, refresh_token, expires_at } = value ?? {};
    if (typeof access_token !== "string" || typeof refresh_token !== "string") return null;
    return typeof expires_at === "number" ? { access_token, refresh_token, expires_at } : null;
  } catch {
    return null;
  }
}
