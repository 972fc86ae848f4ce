// The tabs that were signed in listen to this, see start.js.
if (document.body.hasAttribute("data-signed-out")) {
  try {
    localStorage.setItem("ratelimiter-signed-out", Date.now());
  } catch {
    // Nothing is kept here; the other tabs find out with the next thing that is done there.
  }
}
