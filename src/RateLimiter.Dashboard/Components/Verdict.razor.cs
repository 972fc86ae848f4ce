using Microsoft.AspNetCore.Components;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Dashboard.Components;

public sealed partial class Verdict
{
    [Parameter, EditorRequired]
    public LogEntry Of { get; set; } = default!;
}
