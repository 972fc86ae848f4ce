// Connects the page with the service. Any instance can serve the connection: it starts as a web socket, without a previous
// request that another instance might receive.
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

  // Signing out in one tab signs out all tabs: sign-in.js sends the event.
  addEventListener("storage", (event) => {
    if (event.key === signedOut) {
      location.reload();
    }
  });

  document
    .getElementById("components-reconnect-modal")
    .addEventListener("components-reconnect-state-changed", (event) => {
      // The instance that serves the connection does not know this page: another instance, or a restarted one.
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
