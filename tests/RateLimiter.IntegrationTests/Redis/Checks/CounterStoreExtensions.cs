using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Redis.Checks;

/// <summary>Short forms of the calls that these tests repeat.</summary>
internal static class CounterStoreExtensions
{
    /// <summary>An arbitrary time, in microseconds since 1970, in the middle of a window of any length.</summary>
    public const long Start = 1_755_859_212_345_678;

    public const long Second = 1_000_000;

    /// <summary>
    /// A limit of any algorithm. Of a calendar it is that of the shortest unit which is at least as long as the window.
    /// </summary>
    public static Limit Limit(
        Algorithm algorithm,
        long permits,
        int seconds,
        long? burst = null,
        string name = "default",
        IReadOnlyList<string>? per = null
    ) =>
        Counted(algorithm, permits, seconds, burst, name) with
        {
            Per = [.. per ?? [SubjectNames.User]],
        };

    private static Limit Counted(
        Algorithm algorithm,
        long permits,
        int seconds,
        long? burst,
        string name
    ) =>
        algorithm == Algorithm.Concurrency ? new ConcurrencyLimit(name, permits)
        : algorithm == Algorithm.Calendar
            ? new CalendarLimit(
                name,
                permits,
                new CalendarSchedule(
                    Enum.GetValues<CalendarUnit>()
                        .First(unit =>
                            new CalendarSchedule(unit, TimeZones.Utc).LongestPeriod
                            >= TimeSpan.FromSeconds(seconds)
                        ),
                    TimeZones.Utc
                )
            )
        : RateLimit.Create(name, algorithm, permits, TimeSpan.FromSeconds(seconds), burst);

    /// <summary>The algorithms with windows of a second; the shortest period of a calendar is an hour.</summary>
    public static IEnumerable<Algorithm> WithShortWindows() =>
        Algorithms.OfChecks.Where(algorithm => algorithm != Algorithm.Calendar);

    public static Policy Policy(params Limit[] limits) =>
        Domain.Policies.Policy.Create(Definition(limits), DateTimeOffset.UnixEpoch);

    public static Policy Change(this Policy policy, params Limit[] limits) =>
        policy.Revise(Definition(limits), DateTimeOffset.UnixEpoch);

    /// <summary>The actor of all changes.</summary>
    public static readonly Actor Actor = new("abcdefghijkl", "127.0.0.1", "request");

    public static AuditRecord Audit(AuditAction action) =>
        new(action, DateTimeOffset.UnixEpoch, Actor, null, null);

    /// <summary>Saves a policy that does not exist yet.</summary>
    public static Task<PolicySave> SaveAsync(
        this IPolicyRepository policies,
        ClientId client,
        Policy policy
    ) =>
        policies.ChangeAsync(
            client,
            new PolicyChange(PolicyHead.None(policy.Key), policy, AuditAction.PolicyCreated)
        );

    public static Task<PolicySave> ChangeAsync(
        this IPolicyRepository policies,
        ClientId client,
        params IReadOnlyList<PolicyChange> changes
    ) =>
        policies.OutcomeAsync(
            client,
            new PolicyChanges(changes, SetVersion: null, DateTimeOffset.UnixEpoch, Actor),
            new PolicyQuota(MaxPolicies: 20_000, MaxBytes: 64 << 20),
            default
        );

    /// <summary>The key of a subject's counter.</summary>
    public static RedisKey KeyOf(Subject subject, Limit limit) =>
        new KeyedPlan(new CheckPlan(subject, Policy(limit), Cost: 1)).Slot;

    /// <summary>A user that was never checked before.</summary>
    public static Subject NewSubject(string user = "user") => new(ClientId.New(), user, null);

    public static ValueTask<Decision> TakeAsync(
        this RedisCounterStore store,
        Subject subject,
        Policy policy,
        long cost,
        long? now = null
    ) => store.DecideAsync("acquire", subject, policy, cost, now);

    public static ValueTask<Decision> LookAsync(
        this RedisCounterStore store,
        Subject subject,
        Policy policy,
        long cost,
        long? now = null
    ) => store.DecideAsync("peek", subject, policy, cost, now);

    public static ValueTask<Decision> GiveAsync(
        this RedisCounterStore store,
        Subject subject,
        Policy policy,
        long cost,
        long? now = null
    ) => store.DecideAsync("refund", subject, policy, cost, now);

    private static ValueTask<Decision> DecideAsync(
        this RedisCounterStore store,
        string verb,
        Subject subject,
        Policy policy,
        long cost,
        long? now
    ) => store.DecideAsync(verb, new CheckPlan(subject, policy, cost), now);

    public static ValueTask<Decision> DecideAsync(
        this RedisCounterStore store,
        string verb,
        CheckPlan plan,
        long? now = null
    ) => store.DecideAsync(verb, new KeyedPlan(plan), now, CancellationToken.None);

    private static PolicyDefinition Definition(Limit[] limits) =>
        new(
            PolicyKey.Create("route", null),
            [.. limits],
            Description: null,
            IsActive: true,
            PolicyMode.Enforce
        );
}
