namespace RateLimiter.Dashboard.Components;

/// <summary>The outcome of an action that a <see cref="ConfirmDialog"/> confirmed.</summary>
public sealed class Confirmation
{
    /// <summary>Why the action failed; empty when the fields of the dialog show it. Null on success.</summary>
    public string? Problem { get; set; }

    /// <summary>
    /// The selector of the element to focus next; null for the element that opened the dialog, if it still exists.
    /// </summary>
    public string? FocusNext { get; set; }
}
