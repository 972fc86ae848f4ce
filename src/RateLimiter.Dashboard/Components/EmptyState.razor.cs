using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Components;

public sealed partial class EmptyState
{
    [Parameter]
    public string Icon { get; set; } = "inbox";

    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    [Parameter]
    public RenderFragment? ChildContent { get; set; }
}
