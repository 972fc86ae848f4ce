namespace RateLimiter.Api.Dashboard.Components;

/// <summary>What came of what a <see cref="ConfirmDialog"/> asked about.</summary>
public sealed class Confirmation
{
    /// <summary>Why it could not be done; empty when the fields of the dialog say it. Null when it is done.</summary>
    public string? Problem { get; set; }

    /// <summary>What gets the focus then, as a selector; null for what opened the dialog, when that is still there.</summary>
    public string? FocusNext { get; set; }
}
