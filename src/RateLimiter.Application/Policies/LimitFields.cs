using System.Diagnostics;
using System.Text.Json;
using FluentValidation;
using RateLimiter.Application.Validation;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>The fields of one limit as a caller gives them, whether it is the only one of a policy or in a list.</summary>
/// <param name="Limit">Permits per window, or the slots of a concurrency limit.</param>
/// <param name="WindowSeconds">The window in seconds.</param>
/// <param name="Algorithm">How permits are counted; null for <see cref="DefaultAlgorithm"/>.</param>
/// <param name="Burst">The capacity of a bucket; null for the algorithm's default.</param>
/// <param name="Name">The name of a limit in a list; null to name it after its window.</param>
/// <param name="Per">The subjects whose counter it has; null for the user.</param>
/// <param name="WhenMissing">What it does with a check that lacks one of them; null to reject it.</param>
/// <param name="Period">The period of a calendar.</param>
/// <param name="TimeZone">The time zone of a calendar; null for UTC.</param>
/// <param name="Anchor">A local date, or date and time, at which a period begins; null for the calendar's own.</param>
public sealed record LimitFields(
    long? Limit,
    long? WindowSeconds,
    Algorithm? Algorithm,
    long? Burst,
    string? Name = null,
    IReadOnlyList<string?>? Per = null,
    MissingSubjects? WhenMissing = null,
    CalendarUnit? Period = null,
    string? TimeZone = null,
    string? Anchor = null
)
{
    /// <summary>The algorithm of a limit that names none.</summary>
    public const Algorithm DefaultAlgorithm = Domain.Policies.Algorithm.FixedWindow;

    /// <summary>No field.</summary>
    public static LimitFields None { get; } = new(null, null, null, null);

    internal Algorithm AlgorithmOrDefault => Algorithm ?? DefaultAlgorithm;

    internal bool IsCalendar => Algorithm == Domain.Policies.Algorithm.Calendar;

    internal bool IsConcurrency => Algorithm == Domain.Policies.Algorithm.Concurrency;

    /// <summary>The limit of valid fields.</summary>
    /// <param name="name">By default that of the only limit of a policy.</param>
    public Limit ToLimit(string name = Domain.Policies.Limit.DefaultName) =>
        ToCounted(name) with
        {
            Per = Per is null ? SubjectNames.UserOnly : [.. Per!],
            WhenMissing = WhenMissing ?? MissingSubjects.Reject,
        };

    /// <summary>The fields that make a limit.</summary>
    public static LimitFields Of(Limit limit)
    {
        var fields = limit switch
        {
            RateLimit rate => None with
            {
                WindowSeconds = (long)rate.Window.TotalSeconds,
                Burst = (rate as BucketLimit)?.Burst,
            },
            CalendarLimit { Schedule: var schedule } => None with
            {
                Period = schedule.Unit,
                TimeZone = schedule.TimeZone,
                Anchor = schedule.Anchor?.ToString(),
            },
            ConcurrencyLimit => None,
            _ => throw new UnreachableException(),
        };
        return fields with
        {
            Limit = limit.Permits,
            Algorithm = limit.Algorithm,
            Name = limit.Name,
            Per = limit.Per.Equals(SubjectNames.UserOnly) ? null : limit.Per,
            WhenMissing = limit.WhenMissing == MissingSubjects.Reject ? null : limit.WhenMissing,
        };
    }

    private Limit ToCounted(string name) =>
        IsConcurrency ? new ConcurrencyLimit(name, Limit!.Value)
        : IsCalendar
            ? new CalendarLimit(
                name,
                Limit!.Value,
                new CalendarSchedule(
                    Period!.Value,
                    TimeZone ?? TimeZones.Utc,
                    Anchor is null ? null : CalendarAnchor.Parse(Anchor)
                )
            )
        : ToRate(name);

    internal RateLimit ToRate(string name = Domain.Policies.Limit.DefaultName) =>
        RateLimit.Create(
            name,
            AlgorithmOrDefault,
            Limit!.Value,
            TimeSpan.FromSeconds(WindowSeconds!.Value),
            Burst
        );

    /// <summary>The limits of a valid list.</summary>
    public static LimitList ToLimits(IReadOnlyList<LimitFields> limits) =>
        [.. limits.Zip(NamesOf(limits), (limit, name) => limit.ToLimit(name))];

    /// <summary>
    /// The names of limits. A limit without a name is named after its window, period or kind, so that it keeps its name, and with it its
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

                var kind = limit switch
                {
                    { IsConcurrency: true } => NameOf($"{limit.Algorithm}"),
                    { IsCalendar: true } => NameOf($"{limit.Period}"),
                    _ => $"{limit?.WindowSeconds}s",
                };
                var name = kind;
                for (var i = 2; !taken.Add(name); i++)
                {
                    name = $"{kind}-{i}";
                }

                return name;
            }),
        ];

        static string NameOf(string member) => JsonNamingPolicy.SnakeCaseLower.ConvertName(member);
    }
}

/// <summary>The rules of one limit.</summary>
public sealed class LimitFieldsValidator : AbstractValidator<LimitFields>
{
    private const string OnlyForCalendar = "is only for calendar";

    public LimitFieldsValidator()
    {
        RuleFor(limit => limit.Limit).IsBetween(0, Limit.MaxPermits);
        RuleFor(limit => limit.Name).IsNameOrNull(Limit.MaxNameLength);
        RuleFor(limit => limit.Per).Follows(PerProblem);
        When(limit => limit.IsCalendar, AddCalendarRules);
        When(limit => limit.IsConcurrency, () => AddRulesWithoutWindow("is not for concurrency"));
        Unless(limit => limit.IsCalendar || limit.IsConcurrency, AddRateRules);
        Unless(limit => limit.IsCalendar, AddRulesWithoutPeriod);
    }

    private void AddRateRules()
    {
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
                    || limit.ToRate().IsExact
            )
            .WithMessage(
                "is too large for this window: the greater of limit and burst, times the window in milliseconds, "
                    + "must not pass 2^53, or the arithmetic would not be exact"
            );
    }

    private void AddRulesWithoutPeriod()
    {
        RuleFor(limit => limit.Period).Null().WithMessage(OnlyForCalendar);
        RuleFor(limit => limit.TimeZone).Null().WithMessage(OnlyForCalendar);
        RuleFor(limit => limit.Anchor).Null().WithMessage(OnlyForCalendar);
    }

    private void AddRulesWithoutWindow(string problem)
    {
        RuleFor(limit => limit.WindowSeconds).Null().WithMessage(problem);
        RuleFor(limit => limit.Burst).Null().WithMessage(problem);
    }

    private void AddCalendarRules()
    {
        RuleFor(limit => limit.Period).NotNull().WithMessage(FieldRules.Required);
        RuleFor(limit => limit.TimeZone)
            .Follows(zone => zone is null ? null : TimeZones.Problem(zone));
        RuleFor(limit => limit.Anchor)
            .Follows(anchor => anchor is null ? null : CalendarAnchor.Problem(anchor));
        AddRulesWithoutWindow("is not for calendar");
    }

    private static string? PerProblem(IReadOnlyList<string?>? per) =>
        per is null ? null
        : per.Count > SubjectNames.MaxNamed + 1
            ? $"must have at most {SubjectNames.MaxNamed + 1} subjects"
        : per.Distinct().Count() < per.Count ? "must not have the same subject twice"
        : per.Where(name => name != SubjectNames.User)
            .Select(name => name is null ? "must be a text" : SubjectNames.Problem(name))
            .FirstOrDefault(problem => problem is not null);
}
