using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using RateLimiting.Client;

namespace RateLimiting.AspNetCore;

/// <summary>
/// Logs for each route when the service starts and stops rejecting its checks, such as without a policy: once, however many
/// limiters use the route. Outages of the service are logged by the client itself.
/// </summary>
internal sealed class RouteOutages
{
    /// <summary>
    /// The most routes that are tracked separately: an app has few, but nothing prevents it from generating them.
    /// </summary>
    private const int MaxRoutes = 1000;
    private const string OtherRoutes = "other routes";

    private static readonly ConditionalWeakTable<IRateLimiterClient, RouteOutages> Known = [];

    private readonly ConcurrentDictionary<(ILogger Log, string Route), Outage> routes = new();

    /// <summary>The instance that all limiters of one client share.</summary>
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
