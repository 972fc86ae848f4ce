using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.IntegrationTests.Contracts;

public sealed class KeyContractTests(ContractStore store) : ContractTests(store)
{
    [Test]
    public async Task Save_Keys_AreFoundAsTheyWere()
    {
        var client = await RegisterAsync();
        var (version, before) = await FindAsync(client);
        var after = before
            .With(NewKey(client, Scopes.Check | Scopes.LogsRead, TimeSpan.FromDays(1)), Now)
            .With(NewKey(client, Scopes.Admin) with { Name = "\u0001 }{ \"é" }, Now);

        Assert.That(await TrySaveAsync(client, version, before, after));

        var (next, found) = await FindAsync(client);
        Assert.That(found.Keys, Is.EquivalentTo(after.Keys));
        Assert.That(next, Is.EqualTo(version + 1));
        var snapshot = await Clients.FindAsync(client, default);
        Assert.That(snapshot!.Keys.Keys, Is.EquivalentTo(after.Keys));
    }

    [Test]
    public async Task Save_OneChangedAndOneGone_TheOthersStay()
    {
        var client = await RegisterAsync();
        var (version, first) = await FindAsync(client);
        var (gone, changed) = (NewKey(client, Scopes.Check), NewKey(client, Scopes.Check));
        var before = first.With(gone, Now).With(changed, Now);
        await TrySaveAsync(client, version, first, before);
        await Keys.SaveUsesAsync(
            client,
            new Dictionary<KeyHash, long> { [gone.Hash] = 5, [changed.Hash] = 6 },
            default
        );

        var after = before.Without(gone, Now).Without(changed, Now);
        after = after.With(changed with { ExpiresAt = Now.AddDays(1) }, Now);
        Assert.That(await TrySaveAsync(client, version + 1, before, after));

        Assert.That((await FindAsync(client)).Keys.Keys, Is.EquivalentTo(after.Keys));
        Assert.That(
            await Keys.FindUsesAsync(client, default),
            Is.EqualTo(new Dictionary<KeyHash, long> { [changed.Hash] = 6 })
        );
    }

    [Test]
    public async Task Save_TheClientHasChangedInBetween_ChangesNothing()
    {
        var client = await RegisterAsync();
        var (version, before) = await FindAsync(client);
        var after = before.With(NewKey(client, Scopes.Check), Now);
        await TrySaveAsync(client, version, before, after);

        Assert.That(await TrySaveAsync(client, version, before, new KeyRing([])), Is.False);
        Assert.That((await FindAsync(client)).Keys.Keys, Is.EquivalentTo(after.Keys));
    }

    [Test]
    public async Task SaveUses_AnEarlierMinute_LeavesTheLaterOne()
    {
        var client = await RegisterAsync();
        var key = (await FindAsync(client)).Keys.Keys.Single().Hash;
        Task UseAsync(long minute) =>
            Keys.SaveUsesAsync(client, new Dictionary<KeyHash, long> { [key] = minute }, default);

        await UseAsync(29_000_005);
        await UseAsync(29_000_004);

        Assert.That((await Keys.FindUsesAsync(client, default))[key], Is.EqualTo(29_000_005));
        await UseAsync(29_000_010);
        Assert.That((await Keys.FindUsesAsync(client, default))[key], Is.EqualTo(29_000_010));
    }

    [Test]
    public async Task SaveUses_OfAKeyThatIsGone_LeavesNothingBehind()
    {
        var client = await RegisterAsync();
        var (version, before) = await FindAsync(client);
        var gone = before.Keys.Single();
        await TrySaveAsync(client, version, before, new KeyRing([]));

        await Keys.SaveUsesAsync(
            client,
            new Dictionary<KeyHash, long> { [gone.Hash] = 29_000_005 },
            default
        );

        Assert.That(await Keys.FindUsesAsync(client, default), Is.Empty);
    }

    [Test]
    public async Task Save_PoliciesChangeMeanwhile_IsNotHeldUp()
    {
        var client = await RegisterAsync();
        var (version, before) = await FindAsync(client);
        await SaveAsync(client, Definition());

        Assert.That(
            await TrySaveAsync(
                client,
                version,
                before,
                before.With(NewKey(client, Scopes.Check), Now)
            )
        );
    }

    [Test]
    public async Task AnyOfThem_ForAClientThatIsNone_LeavesNothingBehind()
    {
        var client = ClientId.New();
        var ring = new KeyRing([NewKey(client, Scopes.Admin)]);

        Assert.That(await Keys.FindAsync(client, default), Is.Null);
        Assert.That(await TrySaveAsync(client, 1, new KeyRing([]), ring), Is.False);
        await Keys.SaveUsesAsync(
            client,
            new Dictionary<KeyHash, long> { [ring.Keys.Single().Hash] = 1 },
            default
        );
        Assert.That(await Keys.FindAsync(client, default), Is.Null);
        Assert.That(await Keys.FindUsesAsync(client, default), Is.Empty);
    }

    private async Task<(long Version, KeyRing Keys)> FindAsync(ClientId client) =>
        (await Keys.FindAsync(client, default))!.Value;

    private Task<bool> TrySaveAsync(ClientId client, long version, KeyRing before, KeyRing after) =>
        Keys.IsSavedAsync(
            client,
            version,
            before,
            after,
            Creation(NewKey(client, Scopes.Check)),
            default
        );
}
