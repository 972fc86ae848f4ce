using Microsoft.Extensions.Logging.Abstractions;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Policies;
using RateLimiter.IntegrationTests.Redis.Checks;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Redis.Policies;

/// <summary>Changes of so many policies that they are made in steps, between which anything can happen.</summary>
[TestFixture]
public sealed class LargeChangeTests
{
    private const int Many = 3 * PolicyStaging.PerStep;

    /// <summary>Names of keys by which the calls that commit and that record an import can be recognised.</summary>
    private const string Before = "policies_before_import";
    private const string Staged = "staged_journal";

    [Test]
    public async Task Change_ConnectionLostBeforeItIsAnswered_IsFoundToBeMade()
    {
        await using var store = await Cut.StartAsync();
        var client = await TestStore.RegisterAsync(store.Direct);

        store.EndAfter(text => text.Contains(Before) && text.Contains(Staged));
        var outcome = await ChangeAsync(store.Policies, client, Many);

        Assert.That(store.WasCut, "Nothing was lost.");
        Assert.That(outcome, Is.EqualTo(PolicySave.Saved));
        Assert.That(await VersionsAsync(store, client), Is.EqualTo(new[] { (1L, Many) }));
        await MustBeRecordedAsync(store, client, Many);
    }

    [Test]
    public async Task Change_NobodyGoesOnAfterItIsMade_IsRecordedByWhoComesNext()
    {
        await using var store = await Cut.StartAsync();
        var client = await TestStore.RegisterAsync(store.Direct);

        store.EndAfter(text => text.Contains(Before) && !text.Contains(Staged));
        var outcome = await ChangeAsync(store.Policies, client, Many);

        Assert.That(outcome, Is.EqualTo(PolicySave.Saved));
        Assert.That(await IsLeftAsync(store, client), "It is recorded already.");
        var next = await ChangeAsync(store.DirectPolicies, client, count: 1, first: Many);
        Assert.That(next, Is.EqualTo(PolicySave.Outdated), "It may be made from what was before.");
        Assert.That(await IsLeftAsync(store, client), Is.False);
        Assert.That(
            await ChangeAsync(store.DirectPolicies, client, count: 1, first: Many),
            Is.EqualTo(PolicySave.Saved)
        );
        await MustBeRecordedAsync(store, client, Many + 1);
    }

    [Test]
    public async Task Change_NobodyGoesOnAfterItIsMade_IsRecordedForWhoReadsTheTrail()
    {
        await using var store = await Cut.StartAsync();
        var client = await TestStore.RegisterAsync(store.Direct);

        store.EndAfter(text => text.Contains(Before) && !text.Contains(Staged));
        await ChangeAsync(store.Policies, client, Many);

        Assert.That(await IsLeftAsync(store, client), "It is recorded already.");
        await MustBeRecordedAsync(store, client, Many);
        Assert.That(await IsLeftAsync(store, client), Is.False);
    }

    [Test]
    public async Task Change_NobodyGoesOnBeforeItIsMade_ChangesNothingAndLeavesNothingForEver()
    {
        await using var store = await Cut.StartAsync();
        var client = await TestStore.RegisterAsync(store.Direct);

        store.EndAfter(text => text.Contains(Staged) && !text.Contains(Before));

        Assert.That(
            () => ChangeAsync(store.Policies, client, Many),
            Throws.TypeOf<StoreUnavailableException>()
        );
        Assert.That((await store.DirectPolicies.ListAsync(client, default)).Heads, Is.Empty);
        var database = (await store.Direct.Connected).GetDatabase();
        var server = (await store.Direct.Connected).GetServers()[0];
        var staged = server.Keys(pattern: $"rl:{{{client}}}:staged*").ToList();
        // One or two: the cut comes with a packet, which may end before the journal is staged.
        Assert.That(staged, Is.Not.Empty);
        foreach (var key in staged)
        {
            Assert.That(await database.KeyTimeToLiveAsync(key), Is.Not.Null, $"{key}");
        }
    }

    [Test]
    public async Task Change_ReadMeanwhile_IsSeenWholeOrNotAtAll()
    {
        await using var store = await Cut.StartAsync();
        var client = await TestStore.RegisterAsync(store.Direct);
        await ChangeAsync(store.Policies, client, Many);
        var heads = (await store.DirectPolicies.ListAsync(client, default)).Heads;

        var changing = ChangeAsync(store.Policies, client, Many, known: heads);
        var seen = new HashSet<(long, int)>();
        while (!changing.IsCompleted)
        {
            seen.UnionWith(await VersionsAsync(store, client));
        }

        seen.UnionWith(await VersionsAsync(store, client));
        Assert.That(await changing, Is.EqualTo(PolicySave.Saved));
        Assert.That(seen, Is.EquivalentTo(new[] { (1L, Many), (2L, Many) }));
    }

    [Test]
    public async Task Change_AnotherIsMadeMeanwhile_IsOutdatedOrBoth()
    {
        await using var store = await Cut.StartAsync();
        var client = await TestStore.RegisterAsync(store.Direct);
        var outcomes = new List<PolicySave>();
        for (var i = 0; i < 10; i++)
        {
            var heads = (await store.DirectPolicies.ListAsync(client, default)).Heads;
            var known = heads.Where(head => head.Key.RouteKey != "r9999").ToList();
            var large = ChangeAsync(store.Policies, client, Many, known: known);
            var small = await ChangeAsync(
                store.DirectPolicies,
                client,
                count: 1,
                first: 9999,
                known: [.. heads.Except(known)]
            );
            outcomes.AddRange([await large, small]);
            Assert.That(outcomes[^2..], Has.Some.EqualTo(PolicySave.Saved));
        }

        Assert.That(outcomes, Is.All.AnyOf(PolicySave.Saved, PolicySave.Outdated));
        var saved = outcomes.Count(outcome => outcome == PolicySave.Saved);
        var versions = (await store.DirectPolicies.ListAsync(client, default)).Version;
        Assert.That(versions, Is.EqualTo(saved), "One that was answered is lost.");
    }

    private static async Task<IEnumerable<(long Version, int Count)>> VersionsAsync(
        Cut store,
        ClientId client
    ) =>
        (await store.DirectPolicies.ListAsync(client, default))
            .Heads.GroupBy(head => head.Version)
            .Select(versions => (versions.Key, versions.Count()));

    private static async Task<bool> IsLeftAsync(Cut store, ClientId client) =>
        await (await store.Direct.Connected)
            .GetDatabase()
            .KeyExistsAsync(RedisKeys.ImportJournal(client));

    private static async Task MustBeRecordedAsync(Cut store, ClientId client, int count)
    {
        var audit = store.Direct.Audit();
        var entries = await audit.ListAsync(
            client,
            new AuditFilter(Action: AuditAction.PolicyCreated),
            before: null,
            limit: int.MaxValue,
            default
        );
        Assert.That(entries, Has.Count.EqualTo(count));
        Assert.That(
            entries.Select(entry => ((AuditedPolicy)entry.Record.After!).Policy.Key),
            Is.Unique
        );
    }

    private static Task<PolicySave> ChangeAsync(
        RedisPolicyRepository policies,
        ClientId client,
        int count,
        int first = 0,
        IReadOnlyCollection<PolicyHead>? known = null
    )
    {
        var now = TimeProvider.System.GetUtcNow();
        var actor = CounterStoreExtensions.Audit(AuditAction.PolicyCreated).Actor;
        var limit = RateLimit.Create("default", Algorithm.FixedWindow, 1, TimeSpan.FromSeconds(1));
        var heads = known?.ToDictionary(head => head.Key) ?? [];
        return policies.OutcomeAsync(
            client,
            new PolicyChanges(
                [
                    .. Enumerable
                        .Range(first, count)
                        .Select(i => PolicyKey.Create($"r{i}", role: null))
                        .Select(key =>
                            (heads.GetValueOrDefault(key) ?? PolicyHead.None(key)).Save(
                                new PolicyDefinition(
                                    key,
                                    [limit],
                                    Description: null,
                                    IsActive: true,
                                    PolicyMode.Enforce
                                ),
                                now,
                                actor
                            )
                        ),
                ],
                SetVersion: null,
                now,
                actor
            ),
            new PolicyQuota(10_000, 1 << 30),
            default
        );
    }

    /// <summary>A server with two connections to it, one of which can be cut.</summary>
    private sealed class Cut(RedisServer server, Forwarder way) : IAsyncDisposable
    {
        public RedisConnection Direct { get; private set; } = null!;

        public RedisPolicyRepository DirectPolicies => PoliciesOf(Direct);

        public RedisPolicyRepository Policies => PoliciesOf(Behind);

        public bool WasCut { get; private set; }

        private RedisConnection Behind { get; set; } = null!;

        public static async Task<Cut> StartAsync()
        {
            var server = await RedisServer.StartAsync(ownProcess: true);
            var way = new Forwarder(server.Port);
            var store = new Cut(server, way)
            {
                Direct = await ConnectAsync(server.ConnectionString),
                Behind = await ConnectAsync(way.Address),
            };
            // The server must have cached the scripts: otherwise the first call does not execute them.
            var client = await TestStore.RegisterAsync(store.Direct);
            await ChangeAsync(store.Policies, client, Many);
            return store;
        }

        /// <summary>Ends the next connection on which matching text is sent.</summary>
        public void EndAfter(Func<string, bool> said) =>
            way.EndsAfter = text =>
            {
                var ends = said(text);
                WasCut |= ends;
                way.EndsAfter = ends ? null : way.EndsAfter;
                return ends;
            };

        public async ValueTask DisposeAsync()
        {
            await Direct.DisposeAsync();
            await Behind.DisposeAsync();
            await way.DisposeAsync();
            await server.DisposeAsync();
        }

        private static async Task<RedisConnection> ConnectAsync(string address)
        {
            var connection = await TestStore.ConnectAsync(
                address,
                timeoutMs: 100,
                NullLogger<RedisConnection>.Instance
            );
            await Poll.UntilAsync(
                "There is no connection to the store.",
                TimeSpan.FromSeconds(30),
                async () => (await connection.Connected).IsConnected
            );
            return connection;
        }

        private static RedisPolicyRepository PoliciesOf(RedisConnection connection) =>
            connection.Policies();
    }
}
