using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using Subject = RateLimiter.Domain.Checks.Subject;

namespace RateLimiter.IntegrationTests.Redis.Checks;

/// <summary>
/// Random histories, replayed against the scripts and the model of the Domain: every figure of every decision is the
/// same. A failure prints the shortest history that reproduces it.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class ModelTests(StoreKind kind) : StoreTests(kind)
{
    /// <summary>The number of histories that each test replays; RATELIMITER_HISTORIES asks for more.</summary>
    private static readonly int Histories = int.TryParse(
        Environment.GetEnvironmentVariable("RATELIMITER_HISTORIES"),
        out var asked
    )
        ? asked
        : 300;

    private static readonly string[] Zones =
    [
        TimeZones.Utc,
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Asia/Kathmandu",
    ];

    private static readonly string?[] Anchors =
    [
        null,
        null,
        "2026-01-31",
        "2024-02-29T13:45:10",
        "2099-11-30T02:30",
    ];

    /// <summary>
    /// An arbitrary time; the year's end; the hour before the clocks of Berlin are set forward and back, and before Apia's missing
    /// day.
    /// </summary>
    private static readonly long[] Beginnings =
    [
        CounterStoreExtensions.Start,
        CounterStoreExtensions.Start,
        .. new DateTimeOffset[]
        {
            new(2026, 12, 31, 23, 59, 59, TimeSpan.Zero),
            new(2026, 3, 29, 0, 30, 0, TimeSpan.Zero),
            new(2026, 10, 25, 0, 30, 0, TimeSpan.Zero),
            new(2011, 12, 30, 9, 30, 0, TimeSpan.Zero),
        }.Select(time => time.ToUnixTimeMilliseconds() * 1000),
    ];

    private enum Verb
    {
        Take,
        Look,
        Give,
        Change,
    }

    /// <summary>From when a delay is counted.</summary>
    private enum Origin
    {
        Now,

        /// <summary>The start or the end of the present period of the first calendar; now, where there is none.</summary>
        Start,
        End,
    }

    /// <summary>
    /// An action of somebody after a delay: <c>Amount</c> is a cost, or the limits' new permits, and <c>Least</c> the fewest
    /// permits that would do.
    /// </summary>
    private sealed record Step(
        long Later,
        Verb Verb,
        long Amount,
        long Least,
        Owner Owner,
        Origin Origin = Origin.Now
    )
    {
        public override string ToString() =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Origin} +{Later} µs {Verb} {Least} to {Amount} of {Owner}"
            );
    }

    /// <summary>The subjects of a check.</summary>
    private sealed record Owner(int User, int Organisation, int Model)
    {
        public SubjectValues Values { get; } =
            SubjectValues.Of(
                new Dictionary<string, string>
                {
                    ["org"] = $"org {Organisation}",
                    ["model"] = $"model {Model}",
                }
            )!;
    }

    /// <param name="Limits">The limits of the policy.</param>
    /// <param name="Steps">What is done.</param>
    /// <param name="Begin">The time of the clock before the first step.</param>
    private sealed record History(IReadOnlyList<LimitShape> Limits, Step[] Steps, long Begin)
    {
        public override string ToString() =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{string.Join(" & ", Limits)} from {Begin}: {string.Join("; ", Steps)}"
            );
    }

    /// <summary>When the periods of a calendar begin.</summary>
    private sealed record Schedule(CalendarUnit Unit, string TimeZone, string? Anchor)
    {
        public CalendarSchedule Of() =>
            new(Unit, TimeZone, Anchor is null ? null : CalendarAnchor.Parse(Anchor));
    }

    /// <summary>A limit, and the subjects whose counter it has: the user when null.</summary>
    private sealed record LimitShape(
        Algorithm Algorithm,
        long Permits,
        int Seconds,
        long? Burst,
        IReadOnlyList<string>? Per = null,
        Schedule? Schedule = null
    )
    {
        public Limit ToLimit(int index) =>
            Schedule is not null
                ? new CalendarLimit($"limit {index}", Permits, Schedule.Of())
                {
                    Per = [.. Per ?? [SubjectNames.User]],
                }
                : CounterStoreExtensions.Limit(
                    Algorithm,
                    Permits,
                    Seconds,
                    Burst,
                    name: $"limit {index}",
                    Per
                );

        public override string ToString() =>
            $"{Algorithm} {Permits} in {Seconds} s, burst {Burst}, per {string.Join(' ', Per ?? [])}, {Schedule}";
    }

    [Test]
    public void Store_RandomHistoryOfOneAlgorithm_AnswersAsTheModel(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    ) =>
        Check(
            RandomHistories(Limit(algorithm).Select(limit => (IReadOnlyList<LimitShape>)[limit]))
        );

    [Test]
    public void Store_RandomHistoryOfSeveralLimits_AnswersAsTheModel() =>
        Check(
            RandomHistories(
                Gen.Choose(2, 4)
                    .SelectMany(count =>
                        Gen.Elements<Algorithm>([.. Algorithms.OfChecks])
                            .SelectMany(Limit)
                            .ListOf(count)
                            .Select(limits => (IReadOnlyList<LimitShape>)[.. limits])
                    )
            )
        );

    [Test]
    public void Store_RandomHistoryOfSeveralOwners_AnswersAsTheModel() =>
        Check(
            RandomHistories(
                Gen.Choose(1, 8)
                    .SelectMany(count =>
                        Gen.Elements<Algorithm>([.. Algorithms.OfChecks])
                            .SelectMany(Limit)
                            .SelectMany(limit =>
                                Gen.SubListOf("user_id", "org", "model")
                                    .Select(per => limit with { Per = [.. per] })
                            )
                            .ListOf(count)
                            .Select(limits => (IReadOnlyList<LimitShape>)[.. limits])
                    ),
                users: 3
            )
        );

    [Test]
    public void Store_RandomHistoryOfAnOrganisationAndItsMembers_AnswersAsTheModel() =>
        Check(
            RandomHistories(
                from ofOrganisation in Gen.Elements<Algorithm>([.. Algorithms.OfChecks])
                    .SelectMany(Limit)
                from ofMember in Gen.Elements<Algorithm>([.. Algorithms.OfChecks]).SelectMany(Limit)
                select (IReadOnlyList<LimitShape>)
                    [
                        ofOrganisation with
                        {
                            Per = ["org"],
                        },
                        ofMember with
                        {
                            Per = ["org", "user_id"],
                        },
                    ],
                users: 3
            )
        );

    private static Gen<LimitShape> Limit(Algorithm algorithm) =>
        algorithm == Algorithm.Calendar ? Calendar() : Rate(algorithm);

    private static Gen<LimitShape> Calendar() =>
        from permits in Permits()
        from unit in Gen.Elements(Enum.GetValues<CalendarUnit>())
        from zone in Gen.Elements(Zones)
        from anchor in Gen.Elements(Anchors)
        let schedule = new Schedule(unit, zone, anchor)
        select new LimitShape(
            Algorithm.Calendar,
            permits,
            (int)schedule.Of().LongestPeriod.TotalSeconds,
            Burst: null,
            Schedule: schedule
        );

    private static Gen<int> Permits() =>
        Gen.Frequency((1, Gen.Choose(0, 1)), (6, Gen.Choose(1, 12)), (1, Gen.Choose(100, 10_000)));

    private static Gen<LimitShape> Rate(Algorithm algorithm) =>
        from permits in Permits()
        from seconds in Gen.Elements(1, 2, 10, 60, 3600, 31_536_000)
        from burst in Gen.Choose(0, 20)
        select new LimitShape(
            algorithm,
            permits,
            seconds,
            Domain.Policies.Limit.IsBucket(algorithm) && burst > 0 ? burst : null
        );

    private static Gen<History> RandomHistories(
        Gen<IReadOnlyList<LimitShape>> policies,
        int users = 1
    ) =>
        from limits in policies
        from steps in Steps(limits, users).ListOf()
        from begin in Gen.Elements(Beginnings)
        select new History(limits, [.. steps], begin);

    private static Gen<Step> Steps(IReadOnlyList<LimitShape> limits, int users)
    {
        var window = limits[0].Seconds * CounterStoreExtensions.Second;
        var permits = (int)Math.Min(limits[0].Permits + 2, 12);
        var later = Gen.Frequency(
            (3, Gen.Constant(0L)),
            (2, Gen.Choose(1, 2000).Select(time => (long)time)),
            // A fraction of the window, up to two and a half windows, to the microsecond.
            (8, Gen.Choose(0, 250_000).Select(part => window / 100_000 * part + part % 7)),
            (1, Gen.Elements(window - 1, window, window + 1, 2 * window)),
            // The clock steps back.
            (1, Gen.Choose(1, 150_000).Select(part => -window / 100_000 * part)),
            // The clock was wrong, and is corrected.
            (1, Gen.Elements(-window - 1, -window, -3 * window))
        );
        var aroundABound = Gen.Elements(Origin.Start, Origin.End)
            .SelectMany(origin => Gen.Choose(-2, 2).Select(by => (origin, (long)by)));
        var when = limits.Any(limit => limit.Schedule is not null)
            ? Gen.Frequency((2, later.Select(by => (Origin.Now, by))), (1, aroundABound))
            : later.Select(by => (Origin.Now, by));
        var cost = Gen.Frequency(
            (1, Gen.Constant(0)),
            (5, Gen.Constant(1)),
            (4, Gen.Choose(1, permits))
        );
        var action = Gen.Frequency(
            (8, cost.Select(amount => (Verb.Take, amount))),
            (2, cost.Select(amount => (Verb.Look, amount))),
            (2, cost.Select(amount => (Verb.Give, amount))),
            (1, Gen.Choose(0, 15).Select(amount => (Verb.Change, amount)))
        );
        // The cost itself in half of the cases.
        static Gen<long> Least(long amount) =>
            Gen.Frequency(
                (1, Gen.Constant(amount)),
                (1, Gen.Choose((int)Math.Min(amount, 1), (int)amount).Select(least => (long)least))
            );

        return from time in when
            from act in action
            from least in Least(act.Item2)
            from user in Gen.Choose(0, users - 1)
            from organisation in Gen.Choose(0, Math.Min(users - 1, 1))
            from model in Gen.Choose(0, Math.Min(users - 1, 1))
            select new Step(
                time.Item2,
                act.Item1,
                act.Item2,
                least,
                new Owner(user, organisation, model),
                time.Item1
            );
    }

    /// <summary>Fewer steps, fewer limits, smaller numbers.</summary>
    private static IEnumerable<History> Shrink(History history)
    {
        for (var half = history.Steps.Length / 2; half > 0; half /= 2)
        {
            for (var from = 0; from + half <= history.Steps.Length; from += half)
            {
                yield return history with
                {
                    Steps = [.. history.Steps.Take(from), .. history.Steps.Skip(from + half)],
                };
            }
        }

        for (var i = 0; i < history.Limits.Count && history.Limits.Count > 1; i++)
        {
            yield return history with
            {
                Limits = [.. history.Limits.Where((_, index) => index != i)],
            };
        }

        for (var i = 0; i < history.Steps.Length; i++)
        {
            foreach (var later in new[] { 0, history.Steps[i].Later / 2 })
            {
                if (Math.Abs(later) < Math.Abs(history.Steps[i].Later))
                {
                    var steps = (Step[])history.Steps.Clone();
                    steps[i] = steps[i] with { Later = later };
                    yield return history with
                    {
                        Steps = steps,
                    };
                }
            }
        }
    }

    private void Check(Gen<History> histories) =>
        Prop.ForAll(Arb.From(histories, Shrink), FollowAsync)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(Histories).WithEndSize(40));

    private async Task FollowAsync(History history)
    {
        var policy = CounterStoreExtensions.Policy([
            .. history.Limits.Select((limit, i) => limit.ToLimit(i)),
        ]);
        var client = ClientId.New();
        var owners = new Dictionary<(int Limit, Subject Owner), Counter>();
        var schedule = policy.Limits.OfType<CalendarLimit>().FirstOrDefault()?.Schedule;
        var now = history.Begin;
        foreach (var step in history.Steps)
        {
            now = step.Origin switch
            {
                Origin.Start => schedule?.At(now).Start ?? now,
                Origin.End => schedule?.At(now).End ?? now,
                _ => now,
            };
            now += step.Later;
            if (step.Verb == Verb.Change)
            {
                policy = policy.Change([
                    .. history.Limits.Select(
                        (limit, i) => (limit with { Permits = step.Amount }).ToLimit(i)
                    ),
                ]);
                continue;
            }

            var plan = PlanOf(client, policy, step);
            var model = Enumerable
                .Range(0, plan.Count)
                .Select(i =>
                    owners.GetValueOrDefault(
                        (i, plan[i].Owner),
                        Counter.Create(plan[i].Limit.Algorithm)
                    )
                )
                .ToArray();
            var (verb, expected) = step.Verb switch
            {
                Verb.Take => (
                    "acquire",
                    Counter.Acquire(model, policy.Limits, now, step.Amount, step.Least)
                ),
                Verb.Look => ("peek", Look(model, policy.Limits, now, step.Amount, step.Least)),
                _ => ("refund", Counter.Refund(model, policy.Limits, now, step.Amount)),
            };
            var decision = await Counters.DecideAsync(verb, plan, now);
            // A look takes nothing either, but the model deletes what a wrong clock has left.
            Counter.Acquire(model, policy.Limits, now, cost: 0);
            for (var i = 0; i < model.Length; i++)
            {
                owners[(i, plan[i].Owner)] = model[i];
            }

            if (!decision.Statuses.SequenceEqual(expected))
            {
                throw new InvalidOperationException(
                    $"At {step}: the store says {string.Join(" & ", decision.Statuses)}, "
                        + $"the model {string.Join(" & ", expected)}."
                );
            }

            GrantsWhatItTakes(step, decision);
            await HoldsItsPromiseAsync(plan, step, now, decision);
            if (plan.Owners is null)
            {
                await StaysSteadyAsync(plan, step, now, decision);
            }
        }
    }

    private static CheckPlan PlanOf(ClientId client, Policy policy, Step step) =>
        CheckPlan.For(
            client,
            policy,
            policy.Limits,
            $"user {step.Owner.User}",
            step.Owner.Values,
            policy.Key.RouteKey,
            step.Amount
        ) with
        {
            MinCost = step.Verb == Verb.Give ? step.Amount : step.Least,
        };

    /// <summary>What is granted is what every limit has less.</summary>
    private static void GrantsWhatItTakes(Step step, Decision decision)
    {
        if (step.Verb != Verb.Take)
        {
            return;
        }

        var taken = decision
            .Limits.Zip(decision.Statuses)
            .Where(_ => decision.Allowed && step.Amount > 0)
            .Select(pair => pair.First.Capacity - pair.Second.Used - pair.Second.Remaining)
            .Distinct()
            .DefaultIfEmpty(0)
            .ToList();
        if (!taken.SequenceEqual([decision.Granted]))
        {
            throw new InvalidOperationException(
                $"At {step}: {decision.Granted} granted, and {string.Join(" & ", taken)} taken."
            );
        }
    }

    /// <summary>Whether a cost would pass, with the figures as they are without it.</summary>
    private static IReadOnlyList<LimitStatus> Look(
        Counter[] model,
        IReadOnlyList<Limit> limits,
        long now,
        long cost,
        long minCost
    ) =>
        [
            .. Counter
                .Acquire([.. model], limits, now, cost, minCost)
                .Zip(
                    Counter.Acquire([.. model], limits, now, 0),
                    (asked, stands) => stands with { Wait = asked.Wait }
                ),
        ];

    /// <summary>A denied cost passes when its wait is over, and not a tick before.</summary>
    private async Task HoldsItsPromiseAsync(CheckPlan plan, Step step, long now, Decision decision)
    {
        if (step.Verb == Verb.Give || decision.RetryAfter is not { } wait)
        {
            return;
        }

        var end = now + wait.Ticks / TimeSpan.TicksPerMicrosecond;
        var before = await Counters.DecideAsync("peek", plan, end - 1);
        var then = await Counters.DecideAsync("peek", plan, end);
        if (before.Allowed || !then.Allowed)
        {
            throw new InvalidOperationException(
                $"At {step}: told to wait {wait}; one tick before {before.Allowed}, then {then.Allowed}."
            );
        }
    }

    /// <summary>
    /// A stable denial equals its first result until its last tick, except for the times, and with the next tick
    /// permits are back. A denial that is not stable has permits left that others can take.
    /// </summary>
    private async Task StaysSteadyAsync(CheckPlan plan, Step step, long now, Decision decision)
    {
        if (step.Verb != Verb.Take || decision.Allowed)
        {
            return;
        }

        var steady = decision.StableFor.Ticks / TimeSpan.TicksPerMicrosecond;
        if (steady == 0)
        {
            if (decision.Statuses.Any(status => status.Remaining == 0))
            {
                throw new InvalidOperationException($"At {step}: not steady with nothing left.");
            }

            return;
        }

        var predicted = decision.After(TimeSpan.FromMicroseconds(steady - 1));
        var before = await Counters.DecideAsync("peek", plan, now + steady - 1);
        var other = await Counters.DecideAsync(
            "peek",
            plan with
            {
                Cost = 1,
                MinCost = 1,
            },
            now + steady - 1
        );
        var then = await Counters.DecideAsync(
            "peek",
            plan with
            {
                Cost = 0,
                MinCost = 0,
            },
            now + steady
        );
        var isStill = before
            .Statuses.Select(status => status with { Used = 0 })
            .SequenceEqual(predicted.Statuses.Select(status => status with { Used = 0 }));
        var isOver = then
            .Statuses.Zip(decision.Statuses)
            .Any(pair =>
                pair.First.Remaining > pair.Second.Remaining
                || step.Amount == 0 && pair.First.Wait == 0 && pair.Second.Wait > 0
            );
        if (
            !isStill
            || other.Allowed
            || !isOver && plan.Policy.Limits.All(limit => limit.Permits > 0)
        )
        {
            throw new InvalidOperationException(
                $"At {step}: steady for {steady} µs; one tick before its end "
                    + $"{string.Join(" & ", before.Statuses)} and not {string.Join(" & ", predicted.Statuses)}, "
                    + $"then {string.Join(" & ", then.Statuses)}."
            );
        }
    }
}
