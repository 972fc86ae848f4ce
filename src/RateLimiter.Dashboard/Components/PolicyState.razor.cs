using Microsoft.AspNetCore.Components;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Components;

public sealed partial class PolicyState
{
    [Parameter, EditorRequired]
    public PolicyDefinition Of { get; set; } = default!;
}
