using FluentValidation;
using RateLimiter.Application.Validation;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>The fields of one limit as a caller gives them, whether it is the only one of a policy or in a list.</summary>
/// <param name="Limit">Permits per window.</param>
/// <param name="WindowSeconds">The window in seconds.</param>
/// <param name="Algorithm">How permits are counted; null for <see cref="DefaultAlgorithm"/>.</param>
/// <param name="Burst">The capacity of a bucket; null for the algorithm's default.</param>
/// <param name="Name">The name of a limit in a list; null to name it after its window.</param>
public sealed record LimitFields(
    long? Limit,
    long? WindowSeconds,
    Algorithm? Algorithm,
    long? Burst,
    string? Name = null
)
{
    /// <summary>The algorithm of a limit that names none.</summary>
    public const Algorithm DefaultAlgorithm = Domain.Policies.Algorithm.FixedWindow;

    internal Algorithm AlgorithmOrDefault => Algorithm ?? DefaultAlgorithm;

    /// <summary>The limit of valid fields.</summary>
    /// <param name="name">By default that of the only limit of a policy.</param>
    public Limit ToLimit(string name = Domain.Policies.Limit.DefaultName) =>
        new(
            name,
            AlgorithmOrDefault,
            Limit!.Value,
            TimeSpan.FromSeconds(WindowSeconds!.Value),
            Burst
        );

    /// <summary>The limits of a valid list.</summary>
    public static IReadOnlyList<Limit> ToLimits(IReadOnlyList<LimitFields> limits) =>
        [.. limits.Zip(NamesOf(limits), (limit, name) => limit.ToLimit(name))];

    /// <summary>
    /// The names of limits. A limit without a name is named after its window, so that it keeps its name, and with it its
    /// counters, when its permits or the order change. Several limits for the same window are numbered by their order: only
    /// explicit names keep those apart.
    /// </summary>
    internal static IReadOnlyList<string> NamesOf(IReadOnlyList<LimitFields?> limits)
    {
        var taken = limits.Select(limit => limit?.Name).ToHashSet();
        return
        [
            .. limits.Select(limit =>
            {
                if (limit?.Name is { } given)
                {
                    return given;
                }

                var name = $"{limit?.WindowSeconds}s";
                for (var i = 2; !taken.Add(name); i++)
                {
                    name = $"{limit?.WindowSeconds}s-{i}";
                }

                return name;
            }),
        ];
    }
}

/// <summary>The rules of one limit.</summary>
public sealed class LimitFieldsValidator : AbstractValidator<LimitFields>
{
    public LimitFieldsValidator()
    {
        RuleFor(limit => limit.Limit).IsBetween(0, Limit.MaxPermits);
        RuleFor(limit => limit.WindowSeconds).IsBetween(1, Limit.MaxWindowSeconds);
        RuleFor(limit => limit.Burst).IsBetweenOrNull(1, Limit.MaxPermits);
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
                    || limit.ToLimit().IsExact
            )
            .WithMessage(
                "is too large for this window: the greater of limit and burst, times the window in milliseconds, "
                    + "must not pass 2^53, or the arithmetic would not be exact"
            );
        RuleFor(limit => limit.Name).IsNameOrNull(Limit.MaxNameLength);
    }
}
