using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Components;

public sealed partial class Card
{
    private readonly string id = $"card-{Guid.NewGuid():N}";

    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    /// <summary>Beside the title.</summary>
    [Parameter]
    public RenderFragment? Actions { get; set; }

    [Parameter]
    public RenderFragment? ChildContent { get; set; }
}
