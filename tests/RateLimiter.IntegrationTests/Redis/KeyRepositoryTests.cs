using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis;

namespace RateLimiter.IntegrationTests.Redis;

public sealed class KeyRepositoryTests(StoreKind kind) : StoreTests(kind)
{
    private static readonly DateTimeOffset Now = new(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero);

    private RedisKeyRepository keys = null!;

    [SetUp]
    public void Open() => keys = new RedisKeyRepository(Store.Connection);

    [Test]
    public async Task Save_Keys_AreFoundAsTheyWere()
    {
        var client = await Store.RegisterAsync();
        var (version, before) = await FindAsync(client);
        var after = before
            .With(New(client, Scopes.Check | Scopes.LogsRead, TimeSpan.FromDays(1)), Now)
            .With(New(client, Scopes.Admin) with { Name = "\u0001 }{ \"é" }, Now);

        Assert.That(await keys.TrySaveAsync(client, version, before, after, default));

        var (next, found) = await FindAsync(client);
        Assert.That(found.Keys, Is.EquivalentTo(after.Keys));
        Assert.That(next, Is.EqualTo(version + 1));
        var snapshot = await new RedisClientRepository(Store.Connection).FindAsync(client, default);
        Assert.That(snapshot!.Keys.Keys, Is.EquivalentTo(after.Keys));
    }

    [Test]
    public async Task Save_OneChangedAndOneGone_TheOthersStay()
    {
        var client = await Store.RegisterAsync();
        var (version, first) = await FindAsync(client);
        var (gone, changed) = (New(client, Scopes.Check), New(client, Scopes.Check));
        var before = first.With(gone, Now).With(changed, Now);
        await keys.TrySaveAsync(client, version, first, before, default);
        await keys.SaveUsesAsync(
            client,
            new Dictionary<KeyHash, long> { [gone.Hash] = 5, [changed.Hash] = 6 },
            default
        );

        var after = before.Without(gone, Now).Without(changed, Now);
        after = after.With(changed with { ExpiresAt = Now.AddDays(1) }, Now);
        Assert.That(await keys.TrySaveAsync(client, version + 1, before, after, default));

        Assert.That((await FindAsync(client)).Keys.Keys, Is.EquivalentTo(after.Keys));
        Assert.That(
            await keys.FindUsesAsync(client, default),
            Is.EqualTo(new Dictionary<KeyHash, long> { [changed.Hash] = 6 })
        );
    }

    [Test]
    public async Task Save_TheClientHasChangedInBetween_ChangesNothing()
    {
        var client = await Store.RegisterAsync();
        var (version, before) = await FindAsync(client);
        var after = before.With(New(client, Scopes.Check), Now);
        await keys.TrySaveAsync(client, version, before, after, default);

        Assert.That(
            await keys.TrySaveAsync(client, version, before, new KeyRing([]), default),
            Is.False
        );
        Assert.That((await FindAsync(client)).Keys.Keys, Is.EquivalentTo(after.Keys));
    }

    [Test]
    public async Task SaveUses_AnEarlierMinute_LeavesTheLaterOne()
    {
        var client = await Store.RegisterAsync();
        var key = (await FindAsync(client)).Keys.Keys.Single().Hash;
        Task UseAsync(long minute) =>
            keys.SaveUsesAsync(client, new Dictionary<KeyHash, long> { [key] = minute }, default);

        await UseAsync(29_000_005);
        await UseAsync(29_000_004);

        Assert.That((await keys.FindUsesAsync(client, default))[key], Is.EqualTo(29_000_005));
        await UseAsync(29_000_010);
        Assert.That((await keys.FindUsesAsync(client, default))[key], Is.EqualTo(29_000_010));
    }

    [Test]
    public async Task SaveUses_OfAKeyThatIsGone_LeavesNothingBehind()
    {
        var client = await Store.RegisterAsync();
        var (version, before) = await FindAsync(client);
        var gone = before.Keys.Single();
        await keys.TrySaveAsync(client, version, before, new KeyRing([]), default);

        await keys.SaveUsesAsync(
            client,
            new Dictionary<KeyHash, long> { [gone.Hash] = 29_000_005 },
            default
        );

        Assert.That(await keys.FindUsesAsync(client, default), Is.Empty);
    }

    [Test]
    public async Task Save_PoliciesChangeMeanwhile_IsNotHeldUp()
    {
        var client = await Store.RegisterAsync();
        var (version, before) = await FindAsync(client);
        await new RedisPolicyRepository(Store.Connection).TrySaveAsync(
            client,
            Ask.Policy(Ask.Limit(Algorithm.FixedWindow, 1, 60)),
            maxPolicies: 1,
            maxBytes: 10_000,
            default
        );

        Assert.That(
            await keys.TrySaveAsync(
                client,
                version,
                before,
                before.With(New(client, Scopes.Check), Now),
                default
            )
        );
    }

    [Test]
    public async Task AnyOfThem_ForAClientThatIsNone_LeavesNothingBehind()
    {
        var client = ClientId.New();
        var ring = new KeyRing([New(client, Scopes.Admin)]);

        Assert.That(await keys.FindAsync(client, default), Is.Null);
        Assert.That(await keys.TrySaveAsync(client, 1, new KeyRing([]), ring, default), Is.False);
        await keys.SaveUsesAsync(
            client,
            new Dictionary<KeyHash, long> { [ring.Keys.Single().Hash] = 1 },
            default
        );
        Assert.That(await keys.FindAsync(client, default), Is.Null);
        Assert.That(await keys.FindUsesAsync(client, default), Is.Empty);
    }

    private async Task<(long Version, KeyRing Keys)> FindAsync(ClientId client) =>
        (await keys.FindAsync(client, default))!.Value;

    private static ClientKey New(ClientId client, Scopes scopes, TimeSpan? lifetime = null) =>
        ClientKey.Create(ApiKey.Generate(client).Key, "key", scopes, Now, lifetime);
}
