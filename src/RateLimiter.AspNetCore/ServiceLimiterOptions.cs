using Microsoft.AspNetCore.Http;
using RateLimiting.AspNetCore;

namespace Microsoft.AspNetCore.RateLimiting;

/// <summary>Policies that ask the RateLimiter service. They need <c>services.AddRateLimiterClient(…)</c>.</summary>
public static class ServiceLimiterOptions
{
    /// <summary>Adds a policy for <c>RequireRateLimiting(name)</c> and <c>[EnableRateLimiting(name)]</c>.</summary>
    /// <param name="options">Where to.</param>
    /// <param name="policyName">Its name in this app.</param>
    /// <param name="routeKey">The route that the service has a policy for.</param>
    /// <param name="user">Who it is; when left out, the name of who is signed in, else his address.</param>
    /// <param name="role">His role; when left out, and where it is null, the default role.</param>
    /// <param name="cost">What the request costs; when left out, 1.</param>
    /// <param name="onFailure">What to answer when there is no decision.</param>
    public static RateLimiterOptions AddServicePolicy(
        this RateLimiterOptions options,
        string policyName,
        string routeKey,
        Func<HttpContext, string?>? user = null,
        Func<HttpContext, string?>? role = null,
        Func<HttpContext, int>? cost = null,
        FailureMode onFailure = FailureMode.Allow
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        var route = ServiceNames.Checked(routeKey, ServiceNames.MaxRouteLength);
        var policy = new ServicePolicy(route, user, role, cost, onFailure);
        options.OnRejected ??= ServiceRejection.WriteAsync;
        return options.AddPolicy(policyName, policy.KeptLimiterOf);
    }

    /// <summary>Puts every request under one policy, before that of its endpoint. What it takes, it keeps.</summary>
    /// <param name="options">Where to.</param>
    /// <param name="routeKey">The route that the service has a policy for.</param>
    /// <param name="user">Who it is; when left out, the name of who is signed in, else his address.</param>
    /// <param name="role">His role; when left out, and where it is null, the default role.</param>
    /// <param name="cost">What the request costs; when left out, 1.</param>
    /// <param name="onFailure">What to answer when there is no decision.</param>
    public static RateLimiterOptions UseServiceForAllRequests(
        this RateLimiterOptions options,
        string routeKey,
        Func<HttpContext, string?>? user = null,
        Func<HttpContext, string?>? role = null,
        Func<HttpContext, int>? cost = null,
        FailureMode onFailure = FailureMode.Allow
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        var route = ServiceNames.Checked(routeKey, ServiceNames.MaxRouteLength);
        options.OnRejected ??= ServiceRejection.WriteAsync;
        options.GlobalLimiter = new GlobalServiceLimiter(
            new ServicePolicy(route, user, role, cost, onFailure)
        );
        return options;
    }
}
