using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Components;

public sealed partial class Loading
{
    [Parameter]
    public int Lines { get; set; } = 5;
}
