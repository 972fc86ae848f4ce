using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Components;

public sealed partial class Notice
{
    /// <summary>Null when there is no outcome to show.</summary>
    [Parameter, EditorRequired]
    public string? Text { get; set; }

    /// <summary>The next step.</summary>
    [Parameter]
    public RenderFragment? ChildContent { get; set; }
}
