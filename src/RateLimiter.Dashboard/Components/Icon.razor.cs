using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Components;

public sealed partial class Icon
{
    [Parameter, EditorRequired]
    public string Name { get; set; } = "";
}
