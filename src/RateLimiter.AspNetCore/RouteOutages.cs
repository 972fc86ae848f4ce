using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using RateLimiting.Client;

namespace RateLimiting.AspNetCore;

/// <summary>
/// Tells of each route when the service begins and ends to refuse decisions about it, such as without a policy, however many
/// limiters ask. That it is away is told by the client itself.
/// </summary>
internal sealed class RouteOutages
{
    /// <summary>The most routes that are told apart: those of an app are few, but nothing keeps it from making them up.</summary>
    private const int MaxRoutes = 1000;
    private const string OtherRoutes = "other routes";

    private static readonly ConditionalWeakTable<IRateLimiterClient, RouteOutages> Known = [];

    private readonly ConcurrentDictionary<(ILogger Log, string Route), Outage> routes = new();

    /// <summary>Those of all limiters that ask one client.</summary>
    public static RouteOutages Of(IRateLimiterClient client) =>
        Known.GetValue(client, static _ => new());

    public void Fail(long asked, string routeKey, string reason, ILogger log, TimeProvider time)
    {
        if (!routes.TryGetValue((log, routeKey), out var outage))
        {
            outage = routes.GetOrAdd(
                (log, routes.Count < MaxRoutes ? routeKey : OtherRoutes),
                static (of, time) =>
                    new(
                        reason => of.Log.NoDecision(of.Route, reason),
                        () => of.Log.DecidesAgain(of.Route),
                        time
                    ),
                time
            );
        }

        outage.Fail(asked, reason);
    }

    public void Succeed(long asked, string routeKey, ILogger log)
    {
        if (!routes.IsEmpty && routes.TryGetValue((log, routeKey), out var outage))
        {
            outage.Succeed(asked);
        }
    }
}
