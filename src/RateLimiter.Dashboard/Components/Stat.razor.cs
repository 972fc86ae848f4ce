using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Components;

public sealed partial class Stat
{
    [Parameter]
    public string? Label { get; set; }

    /// <summary>Null while it is pending.</summary>
    [Parameter]
    public string? Value { get; set; }

    [Parameter]
    public string? Note { get; set; }
}
