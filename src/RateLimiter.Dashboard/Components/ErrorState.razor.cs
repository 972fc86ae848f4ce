using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Components;

public sealed partial class ErrorState
{
    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    [Parameter]
    public string? Detail { get; set; }

    [Parameter]
    public EventCallback Retry { get; set; }
}
