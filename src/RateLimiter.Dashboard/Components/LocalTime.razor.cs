using Microsoft.AspNetCore.Components;
using RateLimiter.Dashboard.Formatting;

namespace RateLimiter.Dashboard.Components;

public sealed partial class LocalTime
{
    [Inject]
    private ViewerClock Clock { get; set; } = default!;

    [Parameter, EditorRequired]
    public DateTimeOffset Value { get; set; }

    /// <summary>As of <see cref="DateTimeOffset.ToString(string)"/>.</summary>
    [Parameter]
    public string Format { get; set; } = "d MMM yyyy, HH:mm:ss";
}
