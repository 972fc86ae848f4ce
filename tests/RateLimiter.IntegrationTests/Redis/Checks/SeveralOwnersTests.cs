using Microsoft.Extensions.Logging.Abstractions;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Redis.Checks;

/// <summary>Plans whose counters have several owners: an organisation, and each of its users.</summary>
public sealed class SeveralOwnersTests(StoreKind kind) : StoreTests(kind)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ClientId client = ClientId.New();

    [Test]
    public async Task Acquire_OneLimitDenies_ChargesNoOther(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var policy = Policy(Of(algorithm, 3, "org"), Of(algorithm, 2, "user"));
        await AcquireAsync(Plan(policy, "acme", "alice"), 2);

        var byUser = await DecideAsync(Plan(policy, "acme", "alice"));
        var bob = await DecideAsync(Plan(policy, "acme", "bob"));
        var byOrganisation = await DecideAsync(Plan(policy, "acme", "bob"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(byUser.Violated, Is.EqualTo(["user"]));
            Assert.That(bob.Allowed, "The denial did not charge the organisation.");
            Assert.That(byOrganisation.Violated, Is.EqualTo(["org"]));
            var elsewhere = await DecideAsync(Plan(policy, "umbrella", "bob"));
            Assert.That(elsewhere.Allowed, "The denial did not charge the user.");
            Assert.That(elsewhere.Statuses.Select(it => it.Remaining), Is.EqualTo([2, 0]));
        }
    }

    [Test]
    public async Task Acquire_OneToEightCounters_AllowsWhatTheLeastOfThemAllows(
        [Range(1, 8)] int count
    )
    {
        var policy = Policy([
            .. Enumerable
                .Range(0, count)
                .Select(i =>
                    Of(
                        Algorithms.OfChecks[i % Algorithms.OfChecks.Count],
                        10 + count - i,
                        $"limit {i}"
                    )
                ),
        ]);
        var plan = new CheckPlan(Owner("any"), policy, Cost: 1)
        {
            Owners = [.. Enumerable.Range(0, count).Select(i => Owner($"owner {i}"))],
        };

        var decisions = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => Counters.AcquireAsync(plan, default).AsTask())
        );

        Assert.That(decisions.Count(decision => decision!.Allowed), Is.EqualTo(11));
        var look = await Counters.PeekAsync(plan, default);
        Assert.That(
            look.Statuses.Select(it => it.Remaining),
            Is.EqualTo(Enumerable.Range(0, count).Select(i => count - 1 - i))
        );
    }

    [Test]
    public async Task AcquireEach_ManyUsersOfAnOrganisation_AllowsExactlyItsLimit()
    {
        var policy = Policy(
            Of(Algorithm.FixedWindow, 50, "org"),
            Of(Algorithm.TokenBucket, 3, "user")
        );
        var plans = Enumerable.Range(0, 200).Select(i => Plan(policy, "acme", $"user {i % 40}"));

        var decisions = await Counters.AcquireEachAsync([.. plans], default);

        Assert.That(decisions.Count(decision => decision!.Allowed), Is.EqualTo(50));
    }

    [Test]
    public async Task Refund_AndReset_AreOfEveryCounterOfThePlan([Values] bool isReset)
    {
        var policy = Policy(
            Of(Algorithm.FixedWindow, 2, "org"),
            Of(Algorithm.FixedWindow, 1, "user")
        );
        var plan = Plan(policy, "acme", "alice");
        await AcquireAsync(plan, 1);

        if (isReset)
        {
            await Counters.ResetAsync(plan, default);
        }
        else
        {
            await Counters.RefundAsync(plan, default);
        }

        var look = await Counters.PeekAsync(plan, default);
        Assert.That(look.Statuses.Select(it => it.Remaining), Is.EqualTo([2, 1]));
    }

    [Test]
    public async Task Acquire_TheOrganisationIsExhausted_AllItsUsersAreDeniedFromMemory()
    {
        Assert.That(
            () => Invalidations.IsSubscribed,
            Is.True.After((int)Patience.TotalMilliseconds, 10)
        );
        var policy = Policy(
            Of(Algorithm.FixedWindow, 2, "org"),
            Of(Algorithm.FixedWindow, 9, "user")
        );
        var alice = Plan(policy, "acme", "alice");
        await AcquireAsync(alice, 2);
        Assert.That((await DecideAsync(alice)).Allowed, Is.False);
        // Only memory can know it now.
        var database = (await Store.Connection.Connected).GetDatabase();
        await database.KeyDeleteAsync(new KeyedPlan(alice).Counters[0]);

        var bob = await DecideAsync(Plan(policy, "acme", "bob"));
        var aliceElsewhere = await DecideAsync(Plan(policy, "umbrella", "alice"));
        await Counters.RefundAsync(alice, default);
        var afterRefund = await DecideAsync(Plan(policy, "acme", "bob"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(bob.Allowed, Is.False);
            Assert.That(bob.Violated, Is.EqualTo(["org"]));
            Assert.That(bob.Limits.Select(limit => limit.Name), Is.EqualTo(["org"]));
            Assert.That(bob.RetryAfter, Is.GreaterThan(TimeSpan.Zero));
            Assert.That(aliceElsewhere.Allowed);
            Assert.That(aliceElsewhere.Statuses, Has.Count.EqualTo(2));
            Assert.That(afterRefund.Allowed, "A refund ends the remembered denial.");
        }
    }

    [Test]
    public async Task Acquire_UserOfAnExhaustedOrganisation_IsAllowedElsewhereAndKeepsItsPermits()
    {
        var policy = Policy(
            Of(Algorithm.FixedWindow, 1, "org"),
            Of(Algorithm.FixedWindow, 9, "member")
        );
        await AcquireAsync(Plan(policy, "acme", "alice"), 1);

        var denials = new[]
        {
            await DecideAsync(Plan(policy, "acme", "alice")),
            await DecideAsync(Plan(policy, "acme", "bob")),
            await DecideAsync(Plan(policy, "acme", "bob")),
        };

        Assert.That(denials.Select(denial => denial.Violated), Is.All.EqualTo(new[] { "org" }));
        Assert.That((await DecideAsync(Plan(policy, "umbrella", "alice"))).Allowed);
        var look = await Counters.PeekAsync(Plan(policy, "acme", "bob"), default);
        Assert.That(look.Statuses.Select(it => it.Remaining), Is.EqualTo([0, 9]));
    }

    [Test]
    public async Task Acquire_OrganisationExhaustedAndThenResetOrRaised_AllowsAtOnce(
        [Values("refund", "reset", "limit")] string change
    )
    {
        await Poll.UntilAsync(
            "The subscription is not healthy.",
            Patience,
            () => Task.FromResult(Invalidations.IsSubscribed)
        );
        var policy = Policy(
            Of(Algorithm.TokenBucket, 1, "org"),
            Of(Algorithm.FixedWindow, 9, "user")
        );
        var plan = Plan(policy, "acme", "alice");
        await AcquireAsync(plan, 1);
        Assert.That((await DecideAsync(plan)).Allowed, Is.False);

        switch (change)
        {
            case "refund":
                await Counters.RefundAsync(plan, default);
                break;
            case "reset":
                // Of the organisation alone.
                await Counters.ResetAsync(
                    plan with
                    {
                        Limits = policy.Limits.Select(0b01),
                        Owners = [plan.Owners![0]],
                    },
                    default
                );
                break;
            default:
                policy = policy.Change(
                    Of(Algorithm.TokenBucket, 2, "org"),
                    Of(Algorithm.FixedWindow, 9, "user")
                );
                break;
        }

        Assert.That((await DecideAsync(Plan(policy, "acme", "bob"))).Allowed);
    }

    [Test]
    public async Task Acquire_FewerAreLeft_TakesTheSameFromEachCounterAndWaitsForTheLeast(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var policy = Policy(Of(algorithm, 5, "org"), Of(algorithm, 9, "user"));
        var alice = Plan(policy, "acme", "alice") with { Cost = 3, MinCost = 1 };
        var bob = Plan(policy, "acme", "bob") with { Cost = 100, MinCost = 2 };

        var first = await DecideAsync(alice);
        var second = await DecideAsync(bob);
        var third = await DecideAsync(alice);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                new[] { first, second, third }.Select(it => (it.Allowed, it.Granted)),
                Is.EqualTo([(true, 3), (true, 2), (false, 0)])
            );
            Assert.That(second.Statuses.Select(it => it.Remaining), Is.EqualTo([0, 7]));
            Assert.That(third.Violated, Is.EqualTo(["org"]));
            Assert.That(third.RetryAfter, Is.GreaterThan(TimeSpan.Zero));
        }
    }

    private static Limit Of(Algorithm algorithm, long permits, string name) =>
        CounterStoreExtensions.Limit(
            algorithm,
            permits,
            31_536_000,
            Limit.IsBucket(algorithm) ? permits : null,
            name,
            name switch
            {
                "org" => ["org"],
                "member" => ["org", SubjectNames.User],
                _ => null,
            }
        );

    private static Policy Policy(params Limit[] limits) => CounterStoreExtensions.Policy(limits);

    private Subject Owner(string name) => new(client, name, RouteKey: null);

    private CheckPlan Plan(Policy policy, string organisation, string user) =>
        CheckPlan.For(
            client,
            policy,
            policy.Limits,
            user,
            SubjectValues.Of([KeyValuePair.Create("org", organisation)]),
            policy.Key.RouteKey,
            cost: 1
        );

    private async Task<Decision> DecideAsync(CheckPlan plan) =>
        (await Counters.AcquireAsync(plan, default))!;

    private async Task AcquireAsync(CheckPlan plan, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.That((await DecideAsync(plan)).Allowed);
        }
    }
}

/// <summary>
/// In a cluster the counters of a plan are in one slot, also when they have several owners. It starts six processes, so it does not run in
/// parallel with other tests.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class SeveralOwnersInAClusterTests
{
    [Test]
    public async Task Acquire_SeveralOwners_IsExactOnEveryMaster()
    {
        const int policies = 12;
        await using var cluster = await RedisCluster.StartAsync();
        await using var connection = await TestStore.ConnectAsync(
            $"{cluster.ConnectionString}",
            10_000,
            NullLogger<RedisConnection>.Instance
        );
        await connection.Connected;
        using var invalidations = new RedisInvalidationChannel(
            connection,
            TimeProvider.System,
            NullLogger<RedisInvalidationChannel>.Instance
        );
        using var counters = new RedisCounterStore(connection, invalidations, TimeProvider.System);
        await Poll.UntilAsync(
            "The masters are not known.",
            TimeSpan.FromSeconds(30),
            () =>
            {
                connection.Map.Follow();
                return Task.FromResult(connection.Map.Shards.Count == 3);
            }
        );
        var client = ClientId.New();
        // In half of them the organisation is in common and determines the slot, in the others the policy does.
        var plans = Enumerable
            .Range(0, policies)
            .Select(i =>
                PlanOf(
                    client,
                    $"route {i}",
                    $"org {i}",
                    i % 2 == 0 ? ["org", SubjectNames.User] : [SubjectNames.User]
                )
            )
            .ToList();

        var decisions = await Task.WhenAll(
            plans
                .SelectMany(plan => Enumerable.Repeat(plan, 30))
                .Select(plan => counters.AcquireAsync(plan, default).AsTask())
        );

        Assert.That(decisions.Count(decision => decision!.Allowed), Is.EqualTo(10 * policies));
        Assert.That(
            plans.Select(plan => connection.ShardOf(new KeyedPlan(plan).Slot)).Distinct().Count(),
            Is.GreaterThan(1),
            "They are on several masters."
        );
    }

    private static CheckPlan PlanOf(
        ClientId client,
        string route,
        string organisation,
        string[] perUser
    )
    {
        LimitList limits =
        [
            CounterStoreExtensions.Limit(
                Algorithm.FixedWindow,
                10,
                3600,
                name: "org",
                per: ["org"]
            ),
            CounterStoreExtensions.Limit(
                Algorithm.SlidingLog,
                20,
                3600,
                name: "user",
                per: perUser
            ),
        ];
        var definition = new PolicyDefinition(
            PolicyKey.Create(route, null),
            limits,
            Description: null,
            IsActive: true,
            PolicyMode.Enforce
        );
        return CheckPlan.For(
            client,
            Policy.Create(definition, DateTimeOffset.UnixEpoch),
            limits,
            "alice",
            SubjectValues.Of([KeyValuePair.Create("org", organisation)]),
            route,
            cost: 1
        );
    }
}
