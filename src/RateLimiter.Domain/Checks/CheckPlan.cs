using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>
/// The owner of a counter. No two subjects share a counter, whatever characters their names contain.
/// </summary>
/// <param name="Client">The client that makes the check.</param>
/// <param name="UserId">The user; null when the counter is not of a user.</param>
/// <param name="RouteKey">
/// The route, when one policy counts many routes separately; null when the policy is for a single route.
/// </param>
/// <param name="Named">The other subjects, as <see cref="SubjectValues.Text"/> writes them; null when there are none.</param>
public readonly record struct Subject(
    ClientId Client,
    string? UserId,
    string? RouteKey,
    string? Named = null
);

/// <summary>What one limit of a plan asks of one counter.</summary>
/// <param name="Owner">Whose counter it is.</param>
/// <param name="Limit">The limit on it.</param>
/// <param name="Cost">The permits or slots; 0 takes none and only reads the state.</param>
public readonly record struct Demand(Subject Owner, Limit Limit, long Cost)
{
    /// <summary>
    /// What is asked of one limit: of a limit on slots those of the reservation, or 1 for a check; of any other a cost.
    /// </summary>
    /// <param name="limit">The limit.</param>
    /// <param name="cost">The cost of any other limit.</param>
    /// <param name="terms">How a reservation holds slots; null for a check.</param>
    public static long CostOf(Limit limit, long cost, ReservationTerms? terms) =>
        limit is ConcurrencyLimit ? terms?.Slots ?? 1 : cost;
}

/// <summary>
/// What a check, refund or look asks of the counters: a list of demands, of which all are met or none. Most plans have one
/// owner for all of their counters, and need no list of owners.
/// </summary>
/// <param name="Subject">
/// The owner of all counters. When they have several, that of the subjects which all have in common.
/// </param>
/// <param name="Policy">The policy whose limits apply.</param>
/// <param name="Cost">The number of permits; 0 takes none and only reads the state.</param>
public readonly record struct CheckPlan(Subject Subject, Policy Policy, long Cost)
{
    private readonly LimitList? limits;
    private readonly long? minCost;

    /// <summary>
    /// The owner of each limit's counter, in the order of the limits, all of this client; null when <see cref="Subject"/> owns
    /// all.
    /// </summary>
    public IReadOnlyList<Subject>? Owners { get; init; }

    /// <summary>
    /// The limits that are asked: all of the policy, but for those that skip a check without their subjects.
    /// </summary>
    public LimitList Limits
    {
        get => limits ?? Policy.Limits;
        init => limits = ReferenceEquals(value, Policy.Limits) ? null : value;
    }

    /// <summary>
    /// The fewest permits with which the caller is content. When fewer than the cost are left, but at least so many, all that are
    /// left are taken.
    /// </summary>
    public long MinCost
    {
        get => minCost ?? Cost;
        init => minCost = value == Cost ? null : value;
    }

    /// <summary>How the permits are held until they are settled; null when they are taken for good.</summary>
    public Reservation? Reservation { get; init; }

    /// <summary>Under which key the answer is kept when permits are taken; null when it is not.</summary>
    public IdempotencyKey? Idempotency { get; init; }

    /// <summary>The time already spent waiting for the store. It counts towards the timeout of this plan.</summary>
    public TimeSpan Waited { get; init; }

    /// <summary>The client that makes the check.</summary>
    public ClientId Client => Subject.Client;

    /// <summary>
    /// Whether there are counters. An inactive policy has none, and neither has one of which no limit applies.
    /// </summary>
    public bool HasCounters => Policy.Definition.IsActive && Limits.Count > 0;

    /// <summary>
    /// Whether a check asks the counters. Without any it is allowed without the store, and by an override it can be allowed or
    /// denied without it.
    /// </summary>
    public bool IsCounted => HasCounters && !Policy.IsDecidedByOverride;

    /// <summary>The number of demands.</summary>
    public int Count => Limits.Count;

    /// <summary>A demand, in the order of <see cref="Limits"/>.</summary>
    public Demand this[int index] =>
        new(
            Owners is null ? Subject : Owners[index],
            Limits[index],
            Demand.CostOf(Limits[index], Cost, Reservation?.Terms)
        );

    /// <summary>The plan of a check under the policy that applies.</summary>
    /// <param name="client">The client that makes the check.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="limits">Those of its limits of which all subjects are named.</param>
    /// <param name="userId">The user; null when none is named.</param>
    /// <param name="subjects">The other subjects; null when none are named.</param>
    /// <param name="routeKey">The route that is asked for.</param>
    /// <param name="cost">The permits; 0 takes none.</param>
    public static CheckPlan For(
        ClientId client,
        Policy policy,
        LimitList limits,
        string? userId,
        SubjectValues? subjects,
        string routeKey,
        long cost
    )
    {
        var route = policy.Key.IsCatchAll ? routeKey : null;
        if (policy.Limits.AreOfUsers)
        {
            return new CheckPlan(new Subject(client, userId, route), policy, cost)
            {
                Limits = limits,
            };
        }

        return new CheckPlan(OwnerOf(policy.Limits.Common), policy, cost)
        {
            Limits = limits,
            Owners = policy.Limits.HaveSameSubjects
                ? null
                : [.. limits.Select(limit => OwnerOf(limit.Per))],
        };

        Subject OwnerOf(SubjectNames names) =>
            new(client, names.HasUser ? userId : null, route, subjects?.Text(names));
    }
}
