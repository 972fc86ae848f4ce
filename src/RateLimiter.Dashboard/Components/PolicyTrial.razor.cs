using Microsoft.AspNetCore.Components;
using RateLimiter.Application.Simulation;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Components;

public sealed partial class PolicyTrial
{
    private Reply<PolicySimulation>? reply;
    private bool isRunning;
    private bool isInvalid;

    [Inject]
    private DashboardSession Session { get; set; } = default!;

    /// <summary>Gives the policy to try; null when it is invalid.</summary>
    [Parameter, EditorRequired]
    public Func<PolicyDefinition?> Read { get; set; } = () => null;

    private async Task TryAsync()
    {
        var proposed = Read();
        (isInvalid, reply) = (proposed is null, null);
        if (proposed is null)
        {
            return;
        }

        isRunning = true;
        try
        {
            reply = await Session.SendAsync(
                Scopes.LogsRead,
                caller => new SimulatePolicyQuery(caller.Client, proposed)
            );
        }
        finally
        {
            isRunning = false;
        }
    }
}
