using Microsoft.Extensions.Options;
using RateLimiting.Client.Generated;

namespace RateLimiting.Client;

/// <summary>The singleton client of a process, so that all its checks share batches and cached denials.</summary>
internal sealed class RateLimiterClient : IRateLimiterClient, IDisposable
{
    private readonly RateLimiterApi api;
    private readonly LocalDenials denials;
    private readonly bool remembersDenials;
    private readonly CheckBatcher? batcher;
    private readonly Outage outage;
    private readonly TimeProvider time;

    public RateLimiterClient(
        RateLimiterApi api,
        LocalDenials denials,
        IOptions<RateLimiterClientOptions> options,
        Outage outage,
        TimeProvider time
    )
    {
        this.api = api;
        this.denials = denials;
        this.outage = outage;
        this.time = time;
        remembersDenials = options.Value.LocalDenials;
        batcher = options.Value.Batching
            ? new CheckBatcher(AskAsync, options.Value, outage, time)
            : null;
    }

    public IRateLimiterApi Api => api;

    public Task<RateLimitDecision> CheckAsync(
        string userId,
        string routeKey,
        string? role = null,
        long cost = 1,
        CancellationToken cancellationToken = default
    ) => CheckAsync(new RateLimitCheck(userId, routeKey, role, cost), cancellationToken);

    public Task<RateLimitDecision> CheckAsync(
        RateLimitCheck check,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(check);
        ArgumentNullException.ThrowIfNull(check.UserId);
        ArgumentNullException.ThrowIfNull(check.RouteKey);
        if (FindLocalDenial(check) is { } denial)
        {
            return Task.FromResult(denial);
        }

        return batcher is null
            ? AskAsync(check, cancellationToken)
            : batcher.CheckAsync(check, cancellationToken);
    }

    public Task<IReadOnlyList<RateLimitResult>> CheckBatchAsync(
        IReadOnlyList<RateLimitCheck> checks,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(checks);
        return AskAsync(checks, cancellationToken);
    }

    public RateLimitDecision? FindLocalDenial(
        string userId,
        string routeKey,
        string? role = null,
        long cost = 1
    ) => FindLocalDenial(new RateLimitCheck(userId, routeKey, role, cost));

    public RateLimitDecision? FindLocalDenial(RateLimitCheck check) =>
        remembersDenials ? denials.Find(check) : null;

    public Task<UsageResponse> GetUsageAsync(
        string userId,
        string routeKey,
        string? role = null,
        CancellationToken cancellationToken = default
    ) => GetUsageAsync(new RateLimitUsageKey(routeKey, userId, role), cancellationToken);

    public Task<UsageResponse> GetUsageAsync(
        RateLimitUsageKey usage,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(usage);
        return api.GetUsageAsync(
            usage.RouteKey,
            usage.UserId,
            usage.Role,
            explain: null,
            usage.ToQuery(),
            cancellationToken
        );
    }

    public Task<RateLimitDecision> RefundAsync(
        string userId,
        string routeKey,
        string? role = null,
        long cost = 1,
        CancellationToken cancellationToken = default
    ) => RefundAsync(new RateLimitCheck(userId, routeKey, role, cost), cancellationToken);

    public async Task<RateLimitDecision> RefundAsync(
        RateLimitCheck check,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(check);
        var request = check.ToRequest();
        var asked = Outage.Now();
        var answer = await api.RefundUsageAsync(request, cancellationToken).ConfigureAwait(false);
        return RateLimitDecision.From(answer) ?? throw NotUnderstood(asked);
    }

    public Task ResetAsync(
        string userId,
        string routeKey,
        string? role = null,
        CancellationToken cancellationToken = default
    ) =>
        ResetAsync(
            new RateLimitUsageKey(routeKey, userId, role),
            cancellationToken: cancellationToken
        );

    public Task ResetAsync(
        RateLimitUsageKey usage,
        string? limit = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(usage);
        return api.ResetUsageAsync(
            usage.RouteKey,
            usage.UserId,
            usage.Role,
            limit,
            usage.ToQuery(),
            cancellationToken
        );
    }

    public void Dispose() => batcher?.Dispose();

    private RateLimiterUnavailableException NotUnderstood(long asked)
    {
        const string message =
            "The response is not a decision of RateLimiter: check the base address.";
        outage.Fail(asked, message);
        return new(message, mayHaveCounted: true);
    }

    private async Task<IReadOnlyList<RateLimitResult>> AskAsync(
        IReadOnlyList<RateLimitCheck> checks
    )
    {
        if (checks.Count > 1)
        {
            return await AskAsync(checks, CancellationToken.None).ConfigureAwait(false);
        }

        return [new(await AskAsync(checks[0], CancellationToken.None).ConfigureAwait(false), null)];
    }

    private async Task<RateLimitDecision> AskAsync(
        RateLimitCheck check,
        CancellationToken cancellationToken
    )
    {
        var (asked, asOf, moment) = (time.GetTimestamp(), denials.Generation, Outage.Now());
        var request = check.ToRequest();
        var answer =
            check.Cost == 0
                ? await api.LookAsync(request, cancellationToken).ConfigureAwait(false)
                : await api.CheckAsync(request, cancellationToken).ConfigureAwait(false);
        var decision = RateLimitDecision.From(answer) ?? throw NotUnderstood(moment);
        outage.Succeed(moment);
        denials.Remember(check, decision, asked, asOf);
        return decision;
    }

    private async Task<IReadOnlyList<RateLimitResult>> AskAsync(
        IReadOnlyList<RateLimitCheck> checks,
        CancellationToken cancellationToken
    )
    {
        var (asked, asOf, moment) = (time.GetTimestamp(), denials.Generation, Outage.Now());
        var request = new CheckBatchRequest { Checks = [.. checks.Select(c => c.ToRequest())] };
        var answer = checks.All(check => check.Cost == 0)
            ? await api.LookBatchAsync(request, cancellationToken).ConfigureAwait(false)
            : await api.CheckBatchAsync(request, cancellationToken).ConfigureAwait(false);
        if (answer.Results?.Count != checks.Count)
        {
            throw NotUnderstood(moment);
        }

        outage.Succeed(moment);
        var results = answer.Results.Select(RateLimitResult.From).ToArray();
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].Decision is { } decision)
            {
                denials.Remember(checks[i], decision, asked, asOf);
            }
        }

        return results;
    }
}
