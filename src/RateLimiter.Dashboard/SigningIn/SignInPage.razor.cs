using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.SigningIn;

public sealed partial class SignInPage
{
    [Parameter, EditorRequired]
    public string ReturnTo { get; set; } = "";

    /// <summary>Whether the caller has just signed out.</summary>
    [Parameter]
    public bool IsSignedOut { get; set; }

    /// <summary>Why the last attempt failed, or why another is necessary.</summary>
    [Parameter]
    public string? Message { get; set; }
}
