// The plain Worker beside which a read is measured: one fetch to the database, the body passed on.
export default {
  async fetch(request, env) {
    return fetch(env.DATABASE_URL + "/v3/pipeline", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: env.PIPELINE,
    });
  },
};
