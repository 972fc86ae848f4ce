// Browser functions for pages with forms and dialogs.
Object.assign(window.rateLimiter, {
  // The browser keeps the focus inside the dialog, and restores the previous focus when it closes.
  showDialog: (dialog) => dialog.showModal(),
  closeDialog: (dialog) => dialog.close(),

  // The first focusable element that matches.
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
