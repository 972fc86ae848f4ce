using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Domain.Reservations;
using RateLimiter.Infrastructure.Redis.Reservations;
using RateLimiter.IntegrationTests.Redis.Checks;

namespace RateLimiter.IntegrationTests.Redis.Reservations;

/// <summary>Random histories of checks and reservations over several limits and subjects, compared with a plain model.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ReservationModelTests(StoreKind kind) : StoreTests(kind)
{
    private const int Steps = 30;

    private static readonly int Histories = int.TryParse(
        Environment.GetEnvironmentVariable("RATELIMITER_HISTORIES"),
        out var asked
    )
        ? asked
        : 100;

    [Test]
    public async Task Settle_RandomHistories_AgreeWithTheModel()
    {
        var store = new RedisReservationStore(
            Store.Connection,
            Counters,
            new ReservationQuota(
                Store.Connection,
                Options.Create(new QuotaOptions()),
                TimeProvider.System,
                NullLogger<ReservationQuota>.Instance
            )
        );
        for (var seed = 0; seed < Histories; seed++)
        {
            var history = new History(new Random(seed), store, Counters);
            for (var step = 0; step < Steps; step++)
            {
                await history.StepAsync();
                if (history.Difference is { } difference)
                {
                    Assert.Fail($"Seed {seed}, step {step}: {difference}\n{history}");
                }
            }
        }
    }

    private sealed class History
    {
        private readonly Random random;
        private readonly RedisReservationStore store;
        private readonly Infrastructure.Redis.Checks.RedisCounterStore counters;
        private readonly ClientId client = ClientId.New();
        private readonly Policy policy;
        private readonly Dictionary<(int Limit, string Owner), HoldModel> models = [];
        private readonly List<Held> reservations = [];
        private readonly List<string> told = [];
        private long now = CounterStoreExtensions.Start;

        public History(
            Random random,
            RedisReservationStore store,
            Infrastructure.Redis.Checks.RedisCounterStore counters
        )
        {
            (this.random, this.store, this.counters) = (random, store, counters);
            policy = CounterStoreExtensions.Policy([
                .. Enumerable.Range(0, random.Next(1, 4)).Select(LimitOf),
            ]);
            told.Add(string.Join(", ", policy.Limits));
        }

        public string? Difference { get; private set; }

        public override string ToString() => string.Join('\n', told);

        public async Task StepAsync()
        {
            now += random.Next(4) == 0 ? random.Next(0, 40_000_000) : random.Next(0, 2_000_000);
            Expire();
            var open = reservations.Where(held => !held.IsSettled).ToList();
            await (
                random.Next(8) switch
                {
                    < 3 => ReserveAsync(),
                    3 => CheckAsync(),
                    4 when open.Count > 0 => ExtendAsync(open[random.Next(open.Count)]),
                    5 when open.Count > 0 => ReleaseAsync(open[random.Next(open.Count)]),
                    _ when open.Count > 0 => CommitAsync(open[random.Next(open.Count)]),
                    _ => CheckAsync(),
                }
            );
            foreach (var user in (string[])["a", "b"])
            {
                await CompareAsync(user);
            }
        }

        private Limit LimitOf(int index)
        {
            var algorithm = Enum.GetValues<Algorithm>()[
                random.Next(Enum.GetValues<Algorithm>().Length)
            ];
            var permits = random.Next(1, 12);
            return CounterStoreExtensions.Limit(
                algorithm,
                permits,
                random.Next(1, 30),
                Limit.IsBucket(algorithm) ? random.Next(1, 12) : null,
                $"limit-{index}",
                random.Next(3) switch
                {
                    0 => ["org"],
                    1 => [],
                    _ => null,
                }
            );
        }

        private async Task ReserveAsync()
        {
            var (user, cost) = (User(), random.Next(0, 9));
            var terms = new ReservationTerms(
                TimeSpan.FromSeconds(random.Next(1, 20)),
                random.Next(1, 4),
                random.Next(3) == 0 ? ExpiryAction.Charge : ExpiryAction.Release
            );
            told.Add($"{now} reserve {cost} of {user}, {terms}");
            var plan = PlanOf(user, cost);
            var decision = await store.ReserveAsync(
                plan with
                {
                    Reservation = new Reservation(CheckOf(user, cost), terms),
                },
                now,
                default
            );

            long[] asked =
            [
                .. policy.Limits.Select(limit => CountsSlots(limit) ? terms.Slots : cost),
            ];
            var allowed = ModelsOf(user).Zip(asked).All(it => it.First.Fits(now, it.Second));
            Expect("allowed", decision!.Allowed, allowed);
            if (allowed && decision.ReservationId is { } id)
            {
                reservations.Add(
                    new Held(id, user, terms, now + (long)terms.TimeToLive.TotalMicroseconds)
                    {
                        Taken =
                        [
                            .. ModelsOf(user)
                                .Zip(asked)
                                .Select(it => (it.Second, it.First.Take(now, it.Second))),
                        ],
                    }
                );
            }
        }

        private async Task CheckAsync()
        {
            if (policy.Limits.HasConcurrency)
            {
                await ReserveAsync();
                return;
            }

            var (user, cost) = (User(), random.Next(0, 5));
            told.Add($"{now} check {cost} of {user}");
            var plan = PlanOf(user, cost);
            var decision = await counters.DecideAsync("acquire", plan, now);

            var allowed = ModelsOf(user).All(model => model.Fits(now, cost));
            Expect("allowed", decision.Allowed, allowed);
            if (allowed && cost > 0)
            {
                foreach (var model in ModelsOf(user))
                {
                    model.Take(now, cost);
                }
            }
        }

        private async Task ExtendAsync(Held held)
        {
            var time = TimeSpan.FromSeconds(random.Next(1, 20));
            told.Add($"{now} extend {held.Id} of {held.User} by {time}");
            var settled = await SettleAsync(held, new Settlement.Extend(time));

            Expect("extended", settled is Settled.Extended, now < held.ExpiresAt);
            if (settled is Settled.Extended)
            {
                held.Terms = held.Terms with { TimeToLive = time };
                held.ExpiresAt = now + (long)time.TotalMicroseconds;
            }
        }

        private async Task ReleaseAsync(Held held)
        {
            told.Add($"{now} release {held.Id} of {held.User}");
            var settled = await SettleAsync(held, new Settlement.Release());

            Expect("released", settled is Settled.Returned, true);
            if (!held.IsExpired)
            {
                GiveRest(held, now, isCharged: false);
            }

            held.IsSettled = true;
        }

        private async Task CommitAsync(Held held)
        {
            var (cost, isFinal) = ((long)random.Next(0, 12), random.Next(2) == 0);
            told.Add($"{now} commit {cost} of {held.Id} of {held.User}, final: {isFinal}");
            var settled = await SettleAsync(held, new Settlement.Commit(cost, isFinal));

            Expect("committed", settled is Settled.Committed, cost >= held.Committed);
            if (settled is not Settled.Committed committed)
            {
                return;
            }

            Expect("charged", committed.Charged, cost);
            Expect("late", committed.Late, held.IsExpired);
            var isLast = isFinal || held.IsExpired;
            for (var i = 0; i < held.Taken.Length; i++)
            {
                var (taken, origin) = held.Taken[i];
                var isKept = held.IsExpired && held.Terms.OnExpiry == ExpiryAction.Charge;
                var target =
                    CountsSlots(policy.Limits[i]) ? (isLast ? 0 : taken)
                    : isLast && !isKept ? cost
                    : Math.Max(cost, taken);
                if (target > taken)
                {
                    ModelsOf(held.User)[i].Take(now, target - taken);
                }
                else if (target < taken)
                {
                    ModelsOf(held.User)[i].Give(now, taken - target, origin);
                }

                held.Taken[i] = (target, origin);
            }

            held.Committed = cost;
            held.IsSettled = isLast;
            held.ExpiresAt = now + (long)held.Terms.TimeToLive.TotalMicroseconds;
        }

        private async Task CompareAsync(string user)
        {
            var decision = await counters.DecideAsync("peek", PlanOf(user, 1), now);
            var used = ModelsOf(user).Select(model => model.Used(now));
            Expect(
                $"used of {user}",
                string.Join(' ', decision.Statuses.Select(status => status.Used)),
                string.Join(' ', used)
            );
        }

        private Task<Settled> SettleAsync(Held held, Settlement settlement) =>
            store.SettleAsync(
                client,
                held.Id,
                settlement,
                check => PlanOf(check.UserId, 0),
                now,
                default
            );

        /// <summary>What has expired is given back as of its expiry, in its order.</summary>
        private void Expire()
        {
            foreach (
                var held in reservations
                    .Where(held => !held.IsSettled && !held.IsExpired && held.ExpiresAt <= now)
                    .OrderBy(held => held.ExpiresAt)
            )
            {
                GiveRest(held, held.ExpiresAt, held.Terms.OnExpiry == ExpiryAction.Charge);

                held.IsExpired = true;
            }
        }

        private void GiveRest(Held held, long at, bool isCharged)
        {
            for (var i = 0; i < held.Taken.Length; i++)
            {
                var (taken, origin) = held.Taken[i];
                var kept =
                    CountsSlots(policy.Limits[i]) ? 0
                    : isCharged ? taken
                    : Math.Min(taken, held.Committed);
                ModelsOf(held.User)[i].Give(at, taken - kept, origin);
                held.Taken[i] = (kept, origin);
            }
        }

        private static bool CountsSlots(Limit limit) => limit is ConcurrencyLimit;

        private string User() => random.Next(2) == 0 ? "a" : "b";

        private CheckPlan PlanOf(string user, long cost) =>
            CheckPlan.For(
                client,
                policy,
                policy.Limits,
                user,
                CheckOf(user, cost).Subjects,
                "route",
                cost
            );

        private static Check CheckOf(string user, long cost) =>
            new(user, "route", "default", cost)
            {
                Subjects = SubjectValues.Of(new Dictionary<string, string> { ["org"] = "acme" }),
            };

        private List<HoldModel> ModelsOf(string user) =>
            [
                .. policy.Limits.Select(
                    (limit, i) =>
                    {
                        var key = (i, limit.Per.HasUser ? user : "");
                        return models.TryGetValue(key, out var model)
                            ? model
                            : models[key] = HoldModel.Of(limit);
                    }
                ),
            ];

        private void Expect<T>(string what, T actual, T expected)
        {
            if (!EqualityComparer<T>.Default.Equals(actual, expected))
            {
                Difference ??= string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what}: {actual}, the model says {expected}"
                );
            }
        }
    }

    private sealed class Held(string id, string user, ReservationTerms terms, long expiresAt)
    {
        public string Id { get; } = id;

        public string User { get; } = user;

        public ReservationTerms Terms { get; set; } = terms;

        public long ExpiresAt { get; set; } = expiresAt;

        public long Committed { get; set; }

        public bool IsExpired { get; set; }

        public bool IsSettled { get; set; }

        /// <summary>What is taken from each counter, and where it was.</summary>
        public (long Permits, long Origin)[] Taken { get; set; } = [];
    }
}
