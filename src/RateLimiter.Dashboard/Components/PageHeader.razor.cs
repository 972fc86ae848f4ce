using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Components;

public sealed partial class PageHeader
{
    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    /// <summary>A sentence below the title.</summary>
    [Parameter]
    public string? Lead { get; set; }

    [Parameter]
    public RenderFragment? ChildContent { get; set; }
}
