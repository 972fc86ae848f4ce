using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.IntegrationTests.Contracts;

public sealed class ClientContractTests(ContractStore store) : ContractTests(store)
{
    [Test]
    public async Task Change_OfKeysOrPolicies_SaysTheVersionThatTheClientHasThen()
    {
        var client = await RegisterAsync();
        var head = PolicyHead.None(PolicyKey.Create("route", null));
        var save = head.Save(Definition("route"), Now, Actor);

        var asked = await Policies.TryChangeAsync(
            client,
            Changes(save) with
            {
                DryRun = true,
            },
            Plenty,
            default
        );
        var saved = await Policies.TryChangeAsync(client, Changes(save), Plenty, default);
        var outdated = await Policies.TryChangeAsync(client, Changes(save), Plenty, default);
        var (keysVersion, ring) = (await Keys.FindAsync(client, default))!.Value;
        var key = ClientKey.Create(ApiKey.Generate(client).Key, "key", Scopes.Check, Now);
        var keys = await Keys.TrySaveAsync(
            client,
            keysVersion,
            ring,
            ring.With(key, Now),
            Creation(key),
            default
        );

        Assert.That(asked, Is.EqualTo(new PolicyChangeResult(PolicySave.Saved)));
        Assert.That(saved, Is.EqualTo(new PolicyChangeResult(PolicySave.Saved, 2)));
        Assert.That(outdated, Is.EqualTo(new PolicyChangeResult(PolicySave.Outdated)));
        Assert.That(keys, Is.EqualTo(3));
        Assert.That(await Clients.FindVersionAsync(client, default), Is.EqualTo(3));
    }

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
    public async Task Find_LoadedBefore_LoadsWhatHasChangedAndNothingElse()
    {
        var client = await RegisterAsync();
        await SaveAsync(client, "stays", "changes", "goes");
        var loaded = (await Clients.FindAsync(client, default))!;

        await SaveAsync(client, "changes", "comes");
        await ChangeAsync(client, loaded.Policies.Resolve("goes", "default")!);
        var (keysVersion, ring) = (await Keys.FindAsync(client, default))!.Value;
        var key = NewKey(client, Scopes.Check);
        await Keys.TrySaveAsync(
            client,
            keysVersion,
            ring,
            ring.With(key, Now),
            Creation(key),
            default
        );

        var found = await MustFindTheSameAsync(client, loaded);
        Assert.That(
            found.Policies.Policies.Select(policy => (policy.Key.RouteKey, policy.Version)),
            Is.EquivalentTo(new[] { ("stays", 1L), ("changes", 2L), ("comes", 1L) })
        );
        Assert.That(
            found.Policies.Resolve("stays", "default"),
            Is.SameAs(loaded.Policies.Resolve("stays", "default")),
            "All of it was loaded."
        );
        // Nothing has changed since.
        Assert.That(
            (await MustFindTheSameAsync(client, found)).Policies,
            Is.SameAs(found.Policies)
        );
    }

    [Test]
    public async Task Find_MuchHasChangedSinceItWasLoaded_LoadsAllOfIt()
    {
        var client = await RegisterAsync();
        await SaveAsync(client, "first");
        var loaded = (await Clients.FindAsync(client, default))!;

        // First an import in steps, which does not note each change; then more changes than are noted.
        await SaveAsync(client, [.. Enumerable.Range(0, 300).Select(i => $"r{i}")]);
        await MustFindTheSameAsync(client, loaded);
        loaded = (await Clients.FindAsync(client, default))!;
        for (var i = 0; i < 7; i++)
        {
            await SaveAsync(client, [.. Enumerable.Range(0, 190).Select(i => $"r{i}")]);
        }

        await MustFindTheSameAsync(client, loaded);
    }

    private async Task<ClientSnapshot> MustFindTheSameAsync(ClientId client, ClientSnapshot loaded)
    {
        var all = (await Clients.FindAsync(client, default))!;
        var found = (await Clients.FindAsync(client, known: 0, loaded, default))!;
        Assert.That(found.Version, Is.EqualTo(all.Version));
        Assert.That(found.PoliciesVersion, Is.EqualTo(all.PoliciesVersion));
        Assert.That(found.Keys.Keys, Is.EquivalentTo(all.Keys.Keys));
        Assert.That(
            found.Policies.Policies.Select(policy => (policy.Key, policy.Version)),
            Is.EquivalentTo(all.Policies.Policies.Select(policy => (policy.Key, policy.Version)))
        );
        return found;
    }

    private async Task SaveAsync(ClientId client, params string[] routes)
    {
        var set = await Policies.ListAsync(client, default);
        var heads = set.Heads.ToDictionary(head => head.Key);
        var saves = routes
            .Select(route => PolicyKey.Create(route, null))
            .Select(key =>
                (heads.GetValueOrDefault(key) ?? PolicyHead.None(key)).Save(
                    Definition(key.RouteKey),
                    Now,
                    Actor
                )
            );
        Assert.That(
            await Policies.OutcomeAsync(client, Changes([.. saves]), Plenty, default),
            Is.EqualTo(PolicySave.Saved)
        );
    }

    private async Task ChangeAsync(ClientId client, Policy deleted) =>
        Assert.That(
            await Policies.OutcomeAsync(
                client,
                Changes(PolicyHead.Of(deleted).Delete()),
                Plenty,
                default
            ),
            Is.EqualTo(PolicySave.Saved)
        );

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

    [Test]
    public async Task Find_ManyPoliciesChangedMeanwhile_AreOfOneMoment()
    {
        const int changes = 10;
        var keys = Enumerable
            .Range(0, 600)
            .Select(i => PolicyKey.Create($"route-{i}", role: null))
            .ToList();
        var client = await RegisterAsync();
        Assert.That(
            await TryAsync(client, [.. keys.Select(key => Describe(PolicyHead.None(key), "0"))]),
            Is.EqualTo(PolicySave.Saved)
        );
        var changing = Task.Run(async () =>
        {
            for (var i = 1; i <= changes; i++)
            {
                var set = await Policies.ListAsync(client, default);
                await TryAsync(client, [.. set.Heads.Select(head => Describe(head, $"{i}"))]);
            }
        });

        do
        {
            var found = (await Clients.FindAsync(client, default))!;
            var listed = await Policies.ListAsync(client, default);

            Assert.That(
                keys.Select(key =>
                        found.Policies.Resolve(key.RouteKey, key.Role)?.Definition.Description
                    )
                    .Distinct()
                    .Count(),
                Is.EqualTo(1)
            );
            Assert.That(listed.Heads, Has.Count.EqualTo(keys.Count));
            Assert.That(
                listed.Heads.Select(head => head.Policy?.Definition.Description).Distinct().Count(),
                Is.EqualTo(1)
            );
        } while (!changing.IsCompleted);
        await changing;

        PolicyChange Describe(PolicyHead head, string text) =>
            head.Save(Definition(head.Key.RouteKey, description: text), Now, Actor);
    }
}
