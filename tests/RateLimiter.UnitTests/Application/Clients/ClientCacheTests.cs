using RateLimiter.Application.Clients;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Clients;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ClientCacheTests
{
    private static readonly long Weight = Entry(ClientId.New()).Bytes;

    private readonly ClientCache cache = new(10 * Weight);

    [Test]
    public void Keep_WithinTheBound_KeepsAll()
    {
        var clients = Keep(10);

        Assert.That(clients.All(Has));
        Assert.That((cache.Count, cache.Bytes), Is.EqualTo((10, 10 * Weight)));
    }

    [Test]
    public void Keep_BeyondTheBound_TheUnusedGoFirst()
    {
        var used = Keep(10).Where((_, i) => i % 2 == 0).ToList();

        for (var i = 0; i < 100; i++)
        {
            Assert.That(used.All(Has), $"{i}");
            Keep(1);
        }

        Assert.That((cache.Count, cache.Bytes), Is.EqualTo((10, 10 * Weight)));
    }

    [Test]
    public void Keep_AllAreUsed_TheNewOneTakesTheRoomOfTheOldest()
    {
        var clients = Keep(10);
        Assert.That(clients.All(Has));

        var added = Keep(1)[0];

        Assert.That(Has(added));
        Assert.That(clients.Where(client => !Has(client)), Is.EqualTo(new[] { clients[0] }));
    }

    [Test]
    public void Keep_LargerThanTheBound_IsAloneAndGoesWithTheNext()
    {
        Keep(10);
        var large = ClientId.New();

        cache.Keep(Entry(large, policies: 200));
        Assert.That(cache.Bytes, Is.GreaterThan(10 * Weight));
        Assert.That((cache.Count, Has(large)), Is.EqualTo((1, true)));

        Keep(2);
        Assert.That((cache.Bytes, Has(large)), Is.EqualTo((2 * Weight, false)));
    }

    [Test]
    public void Keep_AnotherEntryOfAClient_CountsInItsPlace()
    {
        var client = Keep(5)[0];
        var larger = Entry(client, policies: 2);

        cache.Keep(larger);

        Assert.That((cache.Count, cache.Bytes), Is.EqualTo((5, (4 * Weight) + larger.Bytes)));
    }

    [Test]
    public void Remove_AClient_LeavesItsRoom()
    {
        var clients = Keep(5);

        cache.Remove(clients[2]);
        cache.Remove(ClientId.New());

        Assert.That((cache.Count, cache.Bytes), Is.EqualTo((4, 4 * Weight)));
        Assert.That(Has(clients[2]), Is.False);
    }

    [Test, NonParallelizable]
    public void Weight_OfManyPolicies_IsWhatTheGarbageCollectorSays(
        [Values] bool hasLongTexts,
        [Values(1, 8)] int limits
    )
    {
        Warm(hasLongTexts, limits);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var client = Client(9000, hasLongTexts, limits);
        var measured = GC.GetTotalMemory(forceFullCollection: true) - before;

        var estimated = ClientWeight.Of(client);
        TestContext.Out.WriteLine($"{measured / 9000} measured, {estimated / 9000} estimated");
        Assert.That((double)estimated / measured, Is.InRange(0.8, 1.25));
        GC.KeepAlive(client);
    }

    [Test, NonParallelizable]
    public void Weight_OfManySmallClients_IsWhatTheGarbageCollectorSays()
    {
        const int count = 5000;
        var large = new ClientCache(long.MaxValue);
        large.Keep(Accepted(Client(2, hasLongTexts: false, limits: 1)));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < count; i++)
        {
            large.Keep(Accepted(Client(2, hasLongTexts: false, limits: 1)));
        }

        var measured = GC.GetTotalMemory(forceFullCollection: true) - before;
        TestContext.Out.WriteLine($"{measured / count} measured, {large.Bytes / count} estimated");
        Assert.That((double)large.Bytes / measured, Is.InRange(0.67, 1.5));
        GC.KeepAlive(large);
    }

    private static void Warm(bool hasLongTexts, int limits) =>
        ClientWeight.Of(Client(1, hasLongTexts, limits));

    private static ClientEntry Accepted(ClientSnapshot client)
    {
        var entry = new ClientEntry(client, confirmed: 0);
        entry.RememberCaller(
            ApiKey.Generate(client.Id).Key,
            new RateLimiter.Application.Clients.AuthenticatedCaller(
                client,
                client.Keys.Keys.First()
            )
        );
        return entry;
    }

    // As read from the store: every text is a separate object, except for default names.
    private static ClientSnapshot Client(int policies, bool hasLongTexts, int limits)
    {
        var id = ClientId.New();
        return new ClientSnapshot(
            id,
            1,
            new KeyRing([
                ClientKey.Create(
                    ApiKey.Generate(id).Key,
                    Text("key"),
                    Scopes.Admin,
                    TestData.Moment
                ),
            ]),
            new PolicyTable(
                Enumerable
                    .Range(0, policies)
                    .Select(i =>
                        Policy.Create(
                            TestData.Definition(
                                Text($"/route/{i:0000}"),
                                hasLongTexts ? Text("role") : PolicyKey.DefaultRole,
                                description: hasLongTexts ? new string('x', 200) : null,
                                limits:
                                [
                                    .. Enumerable
                                        .Range(0, limits)
                                        .Select(limit =>
                                            TestData.Limit(
                                                limits == 1 ? Limit.DefaultName : Text($"l{limit}")
                                            )
                                        ),
                                ]
                            ),
                            TestData.Moment,
                            Text("0123456789ab")
                        )
                    )
            )
        );

        static string Text(string text) => new(text.AsSpan());
    }

    private List<ClientId> Keep(int count)
    {
        List<ClientId> clients = [.. Enumerable.Range(0, count).Select(_ => ClientId.New())];
        clients.ForEach(client => cache.Keep(Entry(client)));
        return clients;
    }

    private bool Has(ClientId client) => cache.TryGet(client, out _);

    private static ClientEntry Entry(ClientId client, int policies = 1) =>
        new(
            TestData.Snapshot(
                client,
                policies:
                [
                    .. Enumerable.Range(0, policies).Select(i => TestData.Policy($"{i:000}")),
                ]
            ),
            confirmed: 0
        );
}
