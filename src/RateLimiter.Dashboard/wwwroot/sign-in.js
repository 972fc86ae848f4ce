// The signed-in tabs listen to this, see start.js.
if (document.body.hasAttribute("data-signed-out")) {
  try {
    localStorage.setItem("ratelimiter-signed-out", Date.now());
  } catch {
    // Storage is unavailable; the other tabs notice with their next action.
  }
}
