using RateLimiter.Application.Clients;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.IntegrationTests.Contracts;

public sealed class DeletionContractTests(ContractStore store) : ContractTests(store)
{
    [Test]
    public async Task TryBegin_Once_IsNotedAsItIs()
    {
        var begun = Deletion(ClientId.New());

        Assert.That(await Deletions.TryBeginAsync(begun, default), Is.True);
        Assert.That(
            await Deletions.TryBeginAsync(begun with { NotedAt = Now.AddDays(1) }, default),
            Is.False
        );

        Assert.That(await NotedAsync(begun.Client), Is.EqualTo([begun]));
        await Deletions.TryNoteAsync(begun, null, default);
    }

    [Test]
    public async Task TryNote_WhatSomebodyElseWasFasterWith_ChangesNothing()
    {
        var begun = Deletion(ClientId.New());
        await Deletions.TryBeginAsync(begun, default);
        var further = begun with { NotedAt = Now.AddSeconds(1), Deleted = new(1, 2, 3, 4) };

        Assert.That(await Deletions.TryNoteAsync(begun, further, default), Is.True);
        Assert.That(await Deletions.TryNoteAsync(begun, further, default), Is.False);
        Assert.That(await Deletions.TryNoteAsync(begun, null, default), Is.False);

        Assert.That(await NotedAsync(begun.Client), Is.EqualTo([further]));
        Assert.That(await Deletions.TryNoteAsync(further, null, default), Is.True);
        Assert.That(await NotedAsync(begun.Client), Is.Empty);
        Assert.That(await Deletions.TryNoteAsync(further, null, default), Is.False);
    }

    [Test]
    public async Task DeleteClient_ThatHasEverything_LeavesNothingOfIt()
    {
        var client = await RegisterAsync();
        var (version, ring) = (await Keys.FindAsync(client, default))!.Value;
        var key = NewKey(client, Scopes.Check);
        await Keys.IsSavedAsync(client, version, ring, ring.With(key, Now), Creation(key), default);
        await Keys.SaveUsesAsync(client, new Dictionary<KeyHash, long> { [key.Hash] = 5 }, default);
        var kept = await SaveAsync(client, Definition("kept"));
        await SaveAsync(client, Definition("kept"));
        var deleted = await SaveAsync(client, Definition("deleted"));
        await DeleteAsync(client, deleted.Key);

        var summary = await Deletions.DeleteClientAsync(Deletion(client), default);

        Assert.That(summary.Policies, Is.EqualTo(1));
        Assert.That(summary.Keys, Is.EqualTo(2));
        Assert.That(await Clients.FindAsync(client, default), Is.Null);
        Assert.That(await Clients.FindVersionAsync(client, default), Is.Null);
        Assert.That(await Keys.FindAsync(client, default), Is.Null);
        Assert.That(await Keys.FindUsesAsync(client, default), Is.Empty);
        var set = await Policies.ListAsync(client, default);
        Assert.That(set.Version, Is.Zero);
        Assert.That(set.Heads, Is.Empty);
        foreach (var gone in new[] { kept.Key, deleted.Key })
        {
            Assert.That(
                await Policies.FindAsync(client, gone, default),
                Is.EqualTo(PolicyHead.None(gone))
            );
            Assert.That(await Policies.ListVersionsAsync(client, gone, null, 9, default), Is.Empty);
        }
    }

    [Test]
    public async Task DeleteClient_ThatIsGone_DeletesNothingMore()
    {
        var client = await RegisterAsync();
        await Deletions.DeleteClientAsync(Deletion(client), default);

        Assert.That(
            await Deletions.DeleteClientAsync(Deletion(client), default),
            Is.EqualTo(DeletionSummary.None)
        );
    }

    [Test]
    public async Task DeleteClient_WhatIsToBeKeptOfItAfterwards_IsNot()
    {
        var client = await RegisterAsync();
        var (version, ring) = (await Keys.FindAsync(client, default))!.Value;
        var head = PolicyHead.Of(await SaveAsync(client, Definition()));
        await Deletions.DeleteClientAsync(Deletion(client), default);
        var trail = (await TrailAsync(client)).Select(Text);

        Assert.That(await TryAsync(client, head.Delete()), Is.EqualTo(PolicySave.NoClient));
        Assert.That(
            await TryAsync(client, PolicyHead.None(head.Key).Save(Definition(), Now, Actor)),
            Is.EqualTo(PolicySave.NoClient)
        );
        var key = NewKey(client, Scopes.Check);
        Assert.That(
            await Keys.IsSavedAsync(
                client,
                version,
                ring,
                ring.With(key, Now),
                Creation(key),
                default
            ),
            Is.False
        );

        Assert.That(await Clients.FindAsync(client, default), Is.Null);
        Assert.That((await Policies.ListAsync(client, default)).Heads, Is.Empty);
        Assert.That((await TrailAsync(client)).Select(Text), Is.EqualTo(trail));
    }

    [Test]
    public async Task DeleteClient_OfSeveral_LeavesTheOthers()
    {
        var client = await RegisterAsync();
        var other = await RegisterAsync();
        await SaveAsync(client, Definition());
        await SaveAsync(other, Definition());
        await SaveAsync(other, Definition());
        var before = await StateAsync(other);

        await Deletions.DeleteClientAsync(Deletion(client), default);

        Assert.That(await StateAsync(other), Is.EqualTo(before));
    }

    private static ClientDeletion Deletion(ClientId client) =>
        new(client, Now, DeletionSummary.None, Actor);

    private async Task<IEnumerable<ClientDeletion>> NotedAsync(ClientId client) =>
        (await Deletions.ListAsync(default)).Where(deletion => deletion.Client == client);
}
