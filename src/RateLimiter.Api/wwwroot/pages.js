// What pages with forms and dialogs need of the browser.
Object.assign(window.rateLimiter, {
  // The browser keeps the focus inside, and gives it back to what had it when the dialog closes.
  showDialog: (dialog) => dialog.showModal(),
  closeDialog: (dialog) => dialog.close(),

  // The first that can take the focus of those that fit.
  focusFirst: (selector) => document.querySelector(selector)?.focus(),

  copy: async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  },
});
