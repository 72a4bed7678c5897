-- A chat request for wrk; MARKER in the environment stands in its text.
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = '{"model":"m","messages":[{"role":"user","content":"' .. (os.getenv("MARKER") or "hi") .. '"}]}'
