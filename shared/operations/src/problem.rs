//! Problems: every refusal a client can meet, after RFC 9457.
//!
//! Guarantees: `Problem` is the only type that knows status codes; each code has a title and an explanation, from
//! which its page under `/problems/<code>` is made.

use serde::Serialize;

macro_rules! codes {
    ($($variant:ident $slug:literal $status:literal $title:literal $explanation:literal;)*) => {
        /// What went wrong, as a stable name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {$(
            #[doc = $title]
            $variant,
        )*}

        /// Every code, in the order of the status.
        pub const CODES: &[Code] = &[$(Code::$variant,)*];

        impl Code {
            /// The name in `code` and at the end of `type`.
            pub fn slug(self) -> &'static str {
                match self { $(Code::$variant => $slug,)* }
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)* }
            }

            /// The name for people.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }

            /// What it means and what to do about it.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$variant => $explanation,)* }
            }
        }
    };
}

codes! {
    MalformedJson "malformed-json" 400 "The body is not JSON"
        "The body could not be read as JSON in UTF-8. The detail names line and column. Send one JSON value, nested at most 127 levels deep.";
    MalformedRequest "malformed-request" 400 "The request is malformed"
        "A header or a query parameter is not of the form that the operation takes. The `errors` list names each one.";
    CursorInvalid "cursor-invalid" 400 "The cursor is not valid here"
        "A list's cursor belongs to the filters and the sort it was made for, and is taken only as it was given out. Start the list again without a cursor.";
    StoreRequired "store-required" 400 "Name the store"
        "The credential reaches more than one store or none. Send the header `X-Store-Id`, or `?store=` where a header cannot be set.";
    IdempotencyKeyRequired "idempotency-key-required" 400 "Send an idempotency key"
        "What moves stock or money must not be done twice when an answer gets lost. Send the header `Idempotency-Key` with 1 to 255 printable characters of your own, such as a UUID: a new one for each thing you want done, and the same one when you try again.";
    ApiVersionUnknown "api-version-unknown" 400 "Unknown API version"
        "The header `Api-Version` names a version that does not exist. Leave it out for the newest one.";
    Unauthenticated "unauthenticated" 401 "No valid credential"
        "The operation needs `Authorization: Bearer <token>` with a token of this service whose session has not ended. Sign in again.";
    TokenExpired "token-expired" 401 "The token has expired"
        "Access tokens live for 15 minutes. Get a new one with the refresh token.";
    InvalidCredentials "invalid-credentials" 401 "E-mail or password is wrong"
        "No account has this e-mail address and this password. After several failures the next try has to wait.";
    SignatureInvalid "signature-invalid" 401 "The signature does not fit"
        "The signature is the HMAC-SHA256 by the key's secret over method, path and query as sent, store, timestamp, nonce and the body's SHA-256, a line each. `tests/vectors` in the source has examples to check a client against.";
    SignatureExpired "signature-expired" 401 "The signature's time has passed"
        "`X-Request-Timestamp` must be within 300 seconds of now. Check the clock, sign anew and try again.";
    NonceReplayed "nonce-replayed" 401 "The nonce was used before"
        "Each signed request needs a nonce of its own, also when it repeats one that was refused. Sign anew and try again.";
    Forbidden "forbidden" 403 "The role does not allow this"
        "You are a member of the store, and your role lacks the permission that the detail names. Ask an owner of the store for a role that has it.";
    NotFound "not-found" 404 "Not found"
        "There is nothing at this address, or it belongs to a store that the credential does not reach.";
    MethodNotAllowed "method-not-allowed" 405 "Method not allowed"
        "The address exists and takes other methods: the header `Allow` lists them.";
    NotAcceptable "not-acceptable" 406 "No such representation"
        "The `Accept` header rules out what the operation answers with. Leave it out or accept `application/json`.";
    SkuTaken "sku-taken" 409 "The SKU is taken"
        "Another variant of the store has this SKU. `errors` points to each one. Choose others or change the other product first.";
    HandleTaken "handle-taken" 409 "The handle is taken"
        "Another product of the store has this handle. Choose another, or leave it out to have one made from the title.";
    EmailTaken "email-taken" 409 "The e-mail address has an account"
        "Sign in with it, or register with another address.";
    LastOwner "last-owner" 409 "A store needs an owner"
        "This would leave a store without an owner. Make somebody else an owner first.";
    CurrencyFixed "currency-fixed" 409 "The currency is fixed"
        "The store has orders, so its currency cannot change any more.";
    InsufficientStock "insufficient-stock" 409 "Not enough is available"
        "`lines` names each line that asks for more than there is, with what it asks for and what is available at its location. Nothing was written. Ask for less, or take it from another location.";
    StockChanged "stock-changed" 409 "The stock has moved meanwhile"
        "`lines` names each line whose `from` is not what is on hand any more, with what is. Nothing was written. Count again, or send what is on hand now as `from`.";
    HoldAlreadyCommitted "hold-already-committed" 409 "The hold was committed"
        "A hold resolves once. This one was committed: its stock has left.";
    HoldAlreadyReleased "hold-already-released" 409 "The hold was released"
        "A hold resolves once. This one was released: its stock is available again. Hold anew.";
    HoldExpired "hold-expired" 409 "The hold has expired"
        "The hold's time ran out before it was committed, and its stock is available again. Hold anew.";
    PriceChanged "price-changed" 409 "A price has changed"
        "`lines` names each line whose `expected_unit_price` is not the price any more, with what it is now. Nothing was written. Show the customer the new price, and order again with it.";
    ProductNotAvailable "product-not-available" 409 "A product is not for sale"
        "`lines` names each line whose product is not published. Nothing was written. Publish it or leave the line out.";
    ProductInUse "product-in-use" 409 "The product is in use"
        "Units of the product are held or belong to orders that are not shipped yet. Release or ship them first, or archive the product.";
    IllegalTransition "illegal-transition" 409 "The state does not allow this"
        "The thing is in another state than the operation starts from. `state` says in which, `allowed` lists the states that may follow it.";
    VersionConflict "version-conflict" 412 "It has changed meanwhile"
        "The version in `If-Match` is not the current one. `current` is the thing as it is now: merge your change into it and try again with its version.";
    BodyTooLarge "body-too-large" 413 "The body is too large"
        "The operation takes at most the number of bytes that the detail names.";
    ImageTooLarge "image-too-large" 413 "The image is too large"
        "An image has at most 20,000,000 bytes and 40 megapixels (16 where it is not a JPEG), and its decoding must fit into the memory there is. The detail says which limit it passes. Send a smaller one.";
    UnsupportedMediaType "unsupported-media-type" 415 "Unsupported content type"
        "Send the body with the content type that the detail names, in UTF-8 and without content encoding.";
    ImageUnsupported "image-unsupported" 415 "Not an image that is taken"
        "JPEG, PNG, WebP and GIF are taken. What the bytes are is read from their content, never from a name or a header; the detail says what they look like.";
    RangeNotSatisfiable "range-not-satisfiable" 416 "The range holds nothing"
        "`Range` asks for bytes beyond the end of the file. `Content-Range` says how many there are.";
    ValidationFailed "validation-failed" 422 "The body does not fit"
        "The body is JSON, but not what the operation takes. `errors` lists every fault with a JSON pointer to it. Nothing was written.";
    EndpointUrlRefused "endpoint-url-refused" 422 "The address is refused"
        "Events are sent to public addresses only: `https`, port 443 or 8443, a name or an address of the public internet, no user and no fragment. The detail says what does not fit.";
    ImageCorrupt "image-corrupt" 422 "The image is damaged"
        "The bytes begin like an image and cannot be read as one: they end too early or are damaged. Nothing was written. Save the picture again and send the whole file.";
    IdempotencyKeyReused "idempotency-key-reused" 422 "The idempotency key was used for something else"
        "Within 72 hours a request with the same `Idempotency-Key` was done that differs in method, path, query or body, and nothing was done this time. Repeat a request exactly as it was to get its answer again; send another key for another request.";
    PreconditionRequired "precondition-required" 428 "Say which version you mean"
        "Changing this needs `If-Match` with the version you saw (the `ETag` of the answer), so that nobody's change is overwritten unseen. `If-Match: *` means whatever it is now.";
    RateLimited "rate-limited" 429 "Too many requests"
        "Wait for the seconds in `Retry-After`. `RateLimit-Policy` states the limits, `RateLimit` what is left.";
    Internal "internal" 500 "It is our fault"
        "Something went wrong here. The request id finds it in the logs. Nothing of a write was kept.";
    Unavailable "unavailable" 503 "Not available right now"
        "The database or another part is down or overloaded, and nothing was done. Try again after the seconds in `Retry-After`.";
    OutcomeUnknown "outcome-unknown" 503 "It is not known whether it was done"
        "The database did not say whether the change was kept. Send the same request again with the same `Idempotency-Key`: it is done once, and if it was done already, this is its answer. Without a key, read the thing again before you repeat the change.";
}

impl Code {
    /// The code of that name.
    pub fn parse(slug: &str) -> Option<Self> {
        CODES.iter().copied().find(|code| code.slug() == slug)
    }
}

/// One fault in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where: a JSON pointer (RFC 6901) into the body, or the name of a parameter or header.
    pub pointer: String,
    /// What is wrong, as a stable word such as `required` or `too_long`.
    pub code: &'static str,
    /// What is wrong, as a sentence.
    pub detail: String,
}

/// A refusal on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What went wrong.
    pub code: Code,
    /// What was wrong in this request and what to do, in a sentence without secrets.
    pub detail: String,
    /// Every fault found.
    pub faults: Vec<Fault>,
    /// Further members of the problem, each a name and a JSON text.
    pub members: Vec<(&'static str, String)>,
    /// Further headers of the answer.
    pub headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem with its sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), faults: Vec::new(), members: Vec::new(), headers: Vec::new() }
    }

    /// A problem that lists faults; the sentence counts them.
    pub fn with_faults(code: Code, faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [only] => format!("{}: {}", only.pointer, only.detail),
            several => format!("{} faults: see `errors`.", several.len()),
        };
        Self { faults, ..Self::new(code, detail) }
    }

    /// `not-found` for a thing of that kind.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what} in this store."))
    }

    /// The same problem with one more member, whose value is JSON.
    #[must_use]
    pub fn member(mut self, name: &'static str, json: impl Into<String>) -> Self {
        self.members.push((name, json.into()));
        self
    }

    /// The same problem with one more header on its answer.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The body, `application/problem+json`.
    pub fn to_json(&self, request_id: &str) -> String {
        let mut text = format!(
            r#"{{"type":"/problems/{}","title":{},"status":{},"detail":{},"code":"{}","request_id":{}"#,
            self.code.slug(),
            quoted(self.code.title()),
            self.code.status(),
            quoted(&self.detail),
            self.code.slug(),
            quoted(request_id),
        );
        if !self.faults.is_empty() {
            text.push_str(",\"errors\":");
            text.push_str(&serde_json::to_string(&self.faults).unwrap_or_else(|_| "[]".to_owned()));
        }
        for (name, json) in &self.members {
            text.push_str(&format!(",{}:{json}", quoted(name)));
        }
        text.push('}');
        text
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_parse_back() {
        for code in CODES {
            assert_eq!(Code::parse(code.slug()), Some(*code));
            assert!((400..600).contains(&code.status()) && !code.explanation().is_empty());
        }
        assert_eq!(Code::parse("no-such-code"), None);
    }

    #[test]
    fn problem_format_unchanged() {
        let fault = Fault { pointer: "/title".into(), code: "required", detail: "is \"missing\"".into() };
        let problem = Problem::with_faults(Code::ValidationFailed, vec![fault]).member("state", "\"draft\"");
        let body: serde_json::Value = serde_json::from_str(&problem.to_json("req-1")).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "/problems/validation-failed", "title": "The body does not fit", "status": 422,
                "detail": "/title: is \"missing\"", "code": "validation-failed", "request_id": "req-1",
                "errors": [{"pointer": "/title", "code": "required", "detail": "is \"missing\""}],
                "state": "draft",
            })
        );
    }
}
