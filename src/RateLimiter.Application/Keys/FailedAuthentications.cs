using System.Net;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Keys;

/// <summary>Limits how often each caller's network may come with a key that is none.</summary>
public sealed class FailedAuthentications(
    IOptions<AuthenticationOptions> options,
    TimeProvider time
)
{
    private readonly InstanceLimit failuresOf = new(
        new Limit(
            Limit.DefaultName,
            Algorithm.FixedWindow,
            options.Value.FailureLimit,
            TimeSpan.FromSeconds(options.Value.FailureWindowSeconds)
        ),
        time
    );

    /// <summary>Counts a failure, or an attempt that may become one.</summary>
    /// <returns>How long the caller has to wait, when there were too many before it; else null.</returns>
    public TimeSpan? Add(IPAddress caller) => failuresOf.Take(CallerNetwork.Of(caller));

    /// <summary>The attempt was none.</summary>
    public void Remove(IPAddress caller) => failuresOf.Give(CallerNetwork.Of(caller));
}
