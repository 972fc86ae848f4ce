using System.Text.Json.Serialization;
using FluentValidation;
using RateLimiter.Api.Http.Json;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>
/// A policy: either a single limit (<c>limit</c> and <c>window_seconds</c>, with <c>algorithm</c> and <c>burst</c>), or a
/// list of <c>limits</c>, all of which a check must pass.
/// </summary>
/// <param name="RouteKey">The route, 1 to 128 characters; "*" for every route without a policy.</param>
/// <param name="Limit">Permits per window, 0 to 1,000,000,000; 0 blocks everything.</param>
/// <param name="WindowSeconds">The window in seconds, 1 to 31,536,000.</param>
/// <param name="Role">The role, 1 to 128 characters; omitted, null and "default" are the same.</param>
/// <param name="Description">Free text, at most 500 characters.</param>
/// <param name="Algorithm">How the permits of a single limit are counted; fixed_window when omitted.</param>
/// <param name="Burst">The size of a token_bucket (default: limit) or leaky_bucket (default: 1).</param>
/// <param name="Limits">1 to 8 limits, instead of a single one.</param>
/// <param name="IsActive">False allows every check and counts nothing.</param>
/// <param name="Mode">"shadow" counts and logs, but allows what it would deny.</param>
/// <param name="OnStoreFailure">
/// The decision while the store does not answer: "deny" (fail closed), "allow" (fail open), or "local" (fail local), with
/// which each instance counts by itself; the service's default when omitted.
/// </param>
public sealed record SavePolicyRequest(
    [property: JsonPropertyOrder(-2)] string? RouteKey,
    long? Limit = null,
    long? WindowSeconds = null,
    [property: JsonPropertyOrder(-1)] string? Role = null,
    string? Description = null,
    Algorithm? Algorithm = null,
    long? Burst = null,
    IReadOnlyList<LimitRequest?>? Limits = null,
    bool IsActive = true,
    PolicyMode Mode = PolicyMode.Enforce,
    StoreFailureMode? OnStoreFailure = null
) : ILimitFields
{
    /// <summary>Whether a policy was saved with a single limit: it has one limit of this name and no other.</summary>
    internal static bool IsSingle(PolicyDefinition definition) =>
        definition.Limits is [{ Name: Domain.Policies.Limit.DefaultName }];

    /// <summary>The request that creates such a policy.</summary>
    internal static SavePolicyRequest Of(PolicyDefinition definition)
    {
        var request = new SavePolicyRequest(
            definition.Key.RouteKey,
            Role: definition.Key.Role,
            Description: definition.Description,
            IsActive: definition.IsActive,
            Mode: definition.Mode,
            OnStoreFailure: definition.OnStoreFailure
        );
        if (!IsSingle(definition))
        {
            return request with { Limits = [.. definition.Limits.Select(LimitRequest.Of)] };
        }

        var limit = LimitRequest.Of(definition.Limits[0]);
        return request with
        {
            Limit = limit.Limit,
            WindowSeconds = limit.WindowSeconds,
            Algorithm = limit.Algorithm,
            Burst = limit.Burst,
        };
    }

    internal PolicyDefinition ToDefinition() =>
        new(
            PolicyKey.Create(RouteKey!, Role),
            Limits is null
                ? [((ILimitFields)this).ToLimit(Domain.Policies.Limit.DefaultName)]
                : LimitRequest.ToLimits(Limits!),
            Description,
            IsActive,
            Mode,
            OnStoreFailure
        );

    internal bool HasSingle =>
        Limit is not null
        || WindowSeconds is not null
        || Algorithm is not null
        || Burst is not null;
}

/// <summary>One limit of several.</summary>
/// <param name="Limit">Permits per window, 0 to 1,000,000,000; 0 blocks everything.</param>
/// <param name="WindowSeconds">The window in seconds, 1 to 31,536,000.</param>
/// <param name="Algorithm">How permits are counted.</param>
/// <param name="Burst">The size of a token_bucket (default: limit) or leaky_bucket (default: 1).</param>
/// <param name="Name">
/// 1 to 64 characters, unique among the limits; the window, such as "60s", when omitted.
/// </param>
public sealed record LimitRequest(
    long? Limit,
    long? WindowSeconds,
    Algorithm? Algorithm = LimitRequest.DefaultAlgorithm,
    long? Burst = null,
    [property: JsonPropertyOrder(-1)] string? Name = null
) : ILimitFields
{
    internal const Algorithm DefaultAlgorithm = Domain.Policies.Algorithm.FixedWindow;

    internal static LimitRequest Of(Limit limit) =>
        new(
            limit.Permits,
            (long)limit.Window.TotalSeconds,
            limit.Algorithm,
            limit.Burst,
            limit.Name
        );

    internal static IReadOnlyList<Limit> ToLimits(IReadOnlyList<LimitRequest> requests) =>
        [
            .. requests.Zip(
                NamesOf(requests),
                (request, name) => ((ILimitFields)request).ToLimit(name)
            ),
        ];

    /// <summary>
    /// The names of limits. A limit without a name is named after its window, so that it keeps its name, and with it its
    /// counters, when its permits or the order change. Several limits for the same window are numbered by their order: only
    /// explicit names keep those apart.
    /// </summary>
    internal static IReadOnlyList<string> NamesOf(IReadOnlyList<LimitRequest?> requests)
    {
        var taken = requests.Select(request => request?.Name).ToHashSet();
        return
        [
            .. requests.Select(request =>
            {
                if (request?.Name is { } given)
                {
                    return given;
                }

                var name = $"{request?.WindowSeconds}s";
                for (var i = 2; !taken.Add(name); i++)
                {
                    name = $"{request?.WindowSeconds}s-{i}";
                }

                return name;
            }),
        ];
    }
}

internal sealed class SavePolicyRequestValidator : AbstractValidator<SavePolicyRequest>
{
    public SavePolicyRequestValidator()
    {
        RuleFor(request => request.RouteKey).IsName(Names.MaxRouteLength);
        RuleFor(request => request.Role).IsNameOrNull(Names.MaxRoleLength);
        RuleFor(request => request.Description).IsText(Names.MaxDescriptionLength);

        When(request => request.Limits is null, () => Include(new LimitFieldsValidator()));
        When(
            request => request.Limits is not null,
            () =>
            {
                RuleFor(request => request.Limits!)
                    .Follows(limits =>
                        limits.Count is < 1 or > PolicyDefinition.MaxLimits
                            ? $"must hold 1 to {PolicyDefinition.MaxLimits} limits"
                        : LimitRequest.NamesOf(limits).Distinct().Count() < limits.Count
                            ? "must each have a name of its own"
                        : null
                    );
                RuleFor(request => request.Limits)
                    .Must((request, _) => !request.HasSingle)
                    .WithMessage(
                        "must not be given beside limit, window_seconds, algorithm or burst"
                    );
                RuleForEach(request => request.Limits!)
                    .Follows(limit => limit is null ? "must be an object" : null)
                    .SetValidator(new LimitRequestValidator()!);
            }
        );
    }
}

/// <summary>The fields of one limit, whether it is the only one of a policy or in a list.</summary>
internal interface ILimitFields
{
    long? Limit { get; }

    long? WindowSeconds { get; }

    Algorithm? Algorithm { get; }

    long? Burst { get; }

    internal Algorithm AlgorithmOrDefault => Algorithm ?? LimitRequest.DefaultAlgorithm;

    internal Limit ToLimit(string name) =>
        new(
            name,
            AlgorithmOrDefault,
            Limit!.Value,
            TimeSpan.FromSeconds(WindowSeconds!.Value),
            Burst
        );
}

internal sealed class LimitRequestValidator : AbstractValidator<LimitRequest>
{
    public LimitRequestValidator()
    {
        Include(new LimitFieldsValidator());
        RuleFor(limit => limit.Name).IsNameOrNull(Limit.MaxNameLength);
    }
}

internal sealed class LimitFieldsValidator : AbstractValidator<ILimitFields>
{
    public LimitFieldsValidator()
    {
        RuleFor(limit => limit.Limit).IsBetween(0, Limit.MaxPermits);
        RuleFor(limit => limit.WindowSeconds).IsBetween(1, Limit.MaxWindowSeconds);
        RuleFor(limit => limit.Burst)
            .Follows(burst =>
                burst is < 1 or > Limit.MaxPermits ? $"must be from 1 to {Limit.MaxPermits}" : null
            );
        RuleFor(limit => limit.Burst)
            .Must((limit, burst) => burst is null || Limit.IsBucket(limit.AlgorithmOrDefault))
            .WithMessage("is only for token_bucket and leaky_bucket");
        RuleFor(limit => limit.Limit)
            .Must(
                (limit, permits) =>
                    limit.AlgorithmOrDefault != Algorithm.SlidingLog
                    || permits is null or <= Limit.MaxLoggedPermits
            )
            .WithMessage($"must be at most {Limit.MaxLoggedPermits} for sliding_log");
        RuleFor(limit => limit.Limit)
            .Must(
                (limit, _) =>
                    limit.Limit is not (>= 0 and <= Limit.MaxPermits)
                    || limit.WindowSeconds is not (>= 1 and <= Limit.MaxWindowSeconds)
                    || limit.Burst is < 1 or > Limit.MaxPermits
                    || limit.ToLimit(Limit.DefaultName).IsExact
            )
            .WithMessage(
                "is too large for this window: the greater of limit and burst, times the window in milliseconds, "
                    + "must not pass 2^53, or the arithmetic would not be exact"
            );
    }
}
