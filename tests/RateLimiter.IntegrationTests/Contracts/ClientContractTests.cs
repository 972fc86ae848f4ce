using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.IntegrationTests.Contracts;

public sealed class ClientContractTests(ContractStore store) : ContractTests(store)
{
    [Test]
    public async Task Find_ClientThatWasAdded_HasItsKeyAndNoPolicies()
    {
        var client = NewClient("}{ \n\"😀");

        await Clients.AddAsync(client, Registration(client), default);

        var found = await Clients.FindAsync(client.Id, default);
        Assert.That(found!.Id, Is.EqualTo(client.Id));
        Assert.That(found.Version, Is.EqualTo(client.ToSnapshot().Version));
        Assert.That(found.Keys.Keys, Is.EqualTo([client.Key]));
        Assert.That(found.Policies.Resolve("route", "role"), Is.Null);
    }

    [Test]
    public async Task Find_ClientThatIsNone_IsNull()
    {
        var client = ClientId.New();

        Assert.That(await Clients.FindAsync(client, default), Is.Null);
        Assert.That(await Clients.FindVersionAsync(client, default), Is.Null);
    }

    [Test]
    public async Task Find_AfterEachChange_SeesItUnderAGreaterVersion()
    {
        var client = await RegisterAsync();
        var versions = new List<long>();
        async Task<ClientSnapshot> LookAsync()
        {
            var snapshot = (await Clients.FindAsync(client, default))!;
            Assert.That(
                await Clients.FindVersionAsync(client, default),
                Is.EqualTo(snapshot.Version)
            );
            versions.Add(snapshot.Version);
            return snapshot;
        }

        await LookAsync();
        var saved = await SaveAsync(client, Definition());
        Assert.That(
            Text((await LookAsync()).Policies.Resolve("route", "default")),
            Is.EqualTo(Text(saved))
        );
        var (version, ring) = (await Keys.FindAsync(client, default))!.Value;
        var key = NewKey(client, Scopes.Check);
        await Keys.IsSavedAsync(client, version, ring, ring.With(key, Now), Creation(key), default);
        Assert.That((await LookAsync()).Keys.Find(key.Hash), Is.EqualTo(key));
        await DeleteAsync(client, saved.Key);
        Assert.That((await LookAsync()).Policies.Resolve("route", "default"), Is.Null);

        Assert.That(versions, Is.Ordered.Ascending);
        Assert.That(versions, Is.Unique);
    }
}
