// Connects the page with the service. Any instance can serve the connection: it begins as a web socket, without a request
// before it that another instance would answer.
(() => {
  const signedOut = "ratelimiter-signed-out";

  window.rateLimiter = {
    timeZone: () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? null,
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-reload]")) {
      location.reload();
    }
  });

  // Whoever signs out in one tab is signed out in all of them: sign-in.js says so.
  addEventListener("storage", (event) => {
    if (event.key === signedOut) {
      location.reload();
    }
  });

  document
    .getElementById("components-reconnect-modal")
    .addEventListener("components-reconnect-state-changed", (event) => {
      // The instance that served this page does not know it any more: another one, or this one anew.
      if (event.detail.state === "rejected") {
        location.reload();
      }
    });

  const webSockets = 1;
  Blazor.start({
    circuit: {
      configureSignalR: (builder) =>
        builder.withUrl("_blazor", { skipNegotiation: true, transport: webSockets }),
    },
  });
})();
