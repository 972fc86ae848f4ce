using Microsoft.AspNetCore.Http;
using RateLimiting.AspNetCore;
using RateLimiting.Client;

namespace Microsoft.AspNetCore.RateLimiting;

/// <summary>Policies that use the RateLimiter service. They need <c>services.AddRateLimiterClient(…)</c>.</summary>
public static class ServiceLimiterOptions
{
    /// <summary>Adds a policy for <c>RequireRateLimiting(name)</c> and <c>[EnableRateLimiting(name)]</c>.</summary>
    /// <param name="options">The options to add to.</param>
    /// <param name="policyName">The name of the policy in this app.</param>
    /// <param name="routeKey">The route key of the policy in the service.</param>
    /// <param name="user">The user. Default: the name of the signed-in user, else the caller's address.</param>
    /// <param name="role">The user's role. Default, and for null: the default role.</param>
    /// <param name="cost">The cost of the request. Default: 1.</param>
    /// <param name="onFailure">What to do when there is no decision.</param>
    /// <param name="subjects">
    /// Who the request is for beside the user, such as its organisation, by the names that the policy's limits have. An empty value
    /// is missing. Default: none.
    /// </param>
    /// <param name="reservation">
    /// Makes a reservation for each request instead of a check, held as these options say until the request ends:
    /// <c>new()</c> takes one slot. A policy with a concurrency limit needs it. The cost stays charged. Default: a check.
    /// </param>
    /// <exception cref="ArgumentException">The service would refuse the route key or the options of the reservation.</exception>
    public static RateLimiterOptions AddServicePolicy(
        this RateLimiterOptions options,
        string policyName,
        string routeKey,
        Func<HttpContext, string?>? user = null,
        Func<HttpContext, string?>? role = null,
        Func<HttpContext, int>? cost = null,
        FailureMode onFailure = FailureMode.Allow,
        Func<HttpContext, IReadOnlyDictionary<string, string>?>? subjects = null,
        RateLimitReservationOptions? reservation = null
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        var route = ServiceNames.Checked(routeKey, ServiceNames.MaxRouteLength);
        var policy = new ServicePolicy(
            route,
            user,
            role,
            cost,
            onFailure,
            subjects,
            ServiceReservations.Checked(reservation)
        );
        options.OnRejected ??= ServiceRejection.WriteAsync;
        return options.AddPolicy(policyName, policy.KeptLimiterOf);
    }

    /// <summary>
    /// Applies one policy to every request, before the policy of its endpoint. It does not return permits when that one denies.
    /// </summary>
    /// <param name="options">The options to add to.</param>
    /// <param name="routeKey">The route key of the policy in the service.</param>
    /// <param name="user">The user. Default: the name of the signed-in user, else the caller's address.</param>
    /// <param name="role">The user's role. Default, and for null: the default role.</param>
    /// <param name="cost">The cost of the request. Default: 1.</param>
    /// <param name="onFailure">What to do when there is no decision.</param>
    /// <param name="subjects">
    /// Who the request is for beside the user, such as its organisation, by the names that the policy's limits have. An empty value
    /// is missing. Default: none.
    /// </param>
    /// <param name="reservation">
    /// Makes a reservation for each request instead of a check, held as these options say until the request ends:
    /// <c>new()</c> takes one slot. A policy with a concurrency limit needs it. The cost stays charged. Default: a check.
    /// </param>
    /// <exception cref="ArgumentException">The service would refuse the route key or the options of the reservation.</exception>
    public static RateLimiterOptions UseServiceForAllRequests(
        this RateLimiterOptions options,
        string routeKey,
        Func<HttpContext, string?>? user = null,
        Func<HttpContext, string?>? role = null,
        Func<HttpContext, int>? cost = null,
        FailureMode onFailure = FailureMode.Allow,
        Func<HttpContext, IReadOnlyDictionary<string, string>?>? subjects = null,
        RateLimitReservationOptions? reservation = null
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        var route = ServiceNames.Checked(routeKey, ServiceNames.MaxRouteLength);
        options.OnRejected ??= ServiceRejection.WriteAsync;
        options.GlobalLimiter = new GlobalServiceLimiter(
            new ServicePolicy(
                route,
                user,
                role,
                cost,
                onFailure,
                subjects,
                ServiceReservations.Checked(reservation)
            )
        );
        return options;
    }
}
