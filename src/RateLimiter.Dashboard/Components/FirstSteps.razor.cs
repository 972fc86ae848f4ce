using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Components;

public sealed partial class FirstSteps
{
    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    /// <summary>Such as "in the last hour".</summary>
    [Parameter, EditorRequired]
    public string Span { get; set; } = "";

    private string Service => new Uri(Navigation.BaseUri).GetLeftPart(UriPartial.Authority);
}
