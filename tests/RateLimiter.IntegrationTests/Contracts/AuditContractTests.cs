using RateLimiter.Application.Audit;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.IntegrationTests.Contracts;

public sealed class AuditContractTests(ContractStore store) : ContractTests(store)
{
    [Test]
    public async Task List_ClientThatWasAdded_TellsOfIt()
    {
        var client = NewClient("}{ \n\"😀");

        await Clients.AddAsync(client, Registration(client), default);

        var entries = await TrailAsync(client.Id);
        Assert.That(entries.Select(entry => entry.Record), Is.EqualTo([Registration(client)]));
    }

    [Test]
    public async Task List_KeysThatWereSaved_TellsOfThemWithoutTheirHashes()
    {
        var client = await RegisterAsync();
        var (version, ring) = (await Keys.FindAsync(client, default))!.Value;
        var key = NewKey(client, Scopes.Check | Scopes.AuditRead, TimeSpan.FromDays(1));
        var rotation = new AuditRecord(
            AuditAction.KeyRotated,
            Now.AddSeconds(1),
            Actor,
            AuditedKey.Of(ring.Keys.Single()),
            AuditedKey.Of(key)
        );

        await Keys.IsSavedAsync(client, version, ring, new KeyRing([key]), rotation, default);

        var entries = await TrailAsync(client);
        Assert.That(entries[0].Record, Is.EqualTo(rotation));
        Assert.That(entries, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task List_PoliciesThatWereChanged_TellsOfEachInOrder()
    {
        var client = await RegisterAsync();
        var kept = PolicyHead.Of(await SaveAsync(client, Definition("kept")));
        var deleted = PolicyHead.Of(await SaveAsync(client, Definition("deleted")));
        var changes = Changes(
            PolicyHead.None(Definition("new").Key).Save(Definition("new"), Now, Actor),
            kept.Save(Definition("kept", description: "o\n{ther}"), Now, Actor),
            deleted.Delete(),
            PolicyHead
                .None(Definition("back").Key)
                .Save(Definition("back"), Now, Actor, AuditAction.PolicyRolledBack)
        ) with
        {
            At = Now.AddHours(1),
        };

        await Policies.OutcomeAsync(client, changes, Plenty, default);

        var entries = await TrailAsync(client);
        Assert.That(
            entries.Take(4).Select(entry => Text(entry.Record)),
            Is.EqualTo(changes.ToAudit().Reverse().Select(Text))
        );
        Assert.That(entries, Has.Count.EqualTo(7));
        Assert.That(entries.Select(entry => entry.Id), Is.Ordered.Descending);
        Assert.That(entries.Select(entry => entry.Id), Is.Unique);
    }

    [Test]
    public async Task List_WhatWasRefusedOrOnlyAsked_IsSilentAboutIt()
    {
        var client = await RegisterAsync();
        await SaveAsync(client, Definition());
        var (version, ring) = (await Keys.FindAsync(client, default))!.Value;
        var before = (await TrailAsync(client)).Select(Text);
        var create = PolicyHead.None(Definition("new").Key).Save(Definition("new"), Now, Actor);

        await Policies.OutcomeAsync(
            client,
            Changes(create) with
            {
                SetVersion = 9,
            },
            Plenty,
            default
        );
        await Policies.OutcomeAsync(
            client,
            Changes(create) with
            {
                DryRun = true,
            },
            Plenty,
            default
        );
        await Policies.OutcomeAsync(client, Changes(create), new PolicyQuota(1, 10_000), default);
        await Policies.OutcomeAsync(client, Changes(create), new PolicyQuota(9, 1), default);
        var key = NewKey(client, Scopes.Check);
        await Keys.IsSavedAsync(
            client,
            version + 1,
            ring,
            new KeyRing([key]),
            Creation(key),
            default
        );

        Assert.That((await TrailAsync(client)).Select(Text), Is.EqualTo(before));
    }

    [Test]
    public async Task List_OfAClientThatIsNone_IsEmpty()
    {
        var client = ClientId.New();
        var key = NewKey(client, Scopes.Check);

        await Keys.IsSavedAsync(
            client,
            0,
            new KeyRing([]),
            new KeyRing([key]),
            Creation(key),
            default
        );
        await TryAsync(client, PolicyHead.None(Definition().Key).Save(Definition(), Now, Actor));

        Assert.That(await TrailAsync(client), Is.Empty);
        Assert.That(await Clients.FindAsync(client, default), Is.Null);
    }

    [Test]
    public async Task List_PageAfterPage_GivesEachOnce([Values(1, 3, 100)] int limit)
    {
        var client = await RegisterAsync();
        await FillAsync(client, count: 10);
        var all = (await TrailAsync(client)).Select(Text);

        var paged = new List<AuditEntry>();
        IReadOnlyList<AuditEntry> page;
        do
        {
            page = await Audit.ListAsync(
                client,
                new AuditFilter(),
                paged.LastOrDefault()?.Id,
                limit,
                default
            );
            Assert.That(page, Has.Count.LessThanOrEqualTo(limit));
            paged.AddRange(page);
        } while (page is not []);

        Assert.That(paged.Select(Text), Is.EqualTo(all));
    }

    [Test]
    public async Task List_BetweenPagesOthersWereWritten_GoesOnWhereItWas()
    {
        var client = await RegisterAsync();
        await FillAsync(client, count: 5);
        var all = await TrailAsync(client);
        await SaveAsync(client, Definition("later"));

        var page = await Audit.ListAsync(client, new AuditFilter(), all[1].Id, 2, default);

        Assert.That(page.Select(Text), Is.EqualTo(all.Skip(2).Take(2).Select(Text)));
    }

    [Test]
    public async Task List_BeforeAnyIdThereCouldBe_IsAllOrNothing()
    {
        var client = await RegisterAsync();

        var all = await Audit.ListAsync(client, new AuditFilter(), long.MaxValue, 10, default);
        var none = await Audit.ListAsync(client, new AuditFilter(), 0, 10, default);

        Assert.That(all, Has.Count.EqualTo(1));
        Assert.That(none, Is.Empty);
    }

    [Test]
    public async Task List_FromAndTo_IncludesTheFirstMomentAndNotTheLast()
    {
        var client = await RegisterAsync();
        // Registered at hour 0, then one change each hour.
        await FillAsync(client, count: 5);
        async Task<IEnumerable<int>> HoursAsync(DateTimeOffset? from, DateTimeOffset? to) =>
            (await Audit.ListAsync(client, new AuditFilter(from, to), null, 100, default)).Select(
                entry => (int)(entry.Record.At - Now).TotalHours
            );

        Assert.That(await HoursAsync(Now.AddHours(3), null), Is.EqualTo([5, 4, 3]));
        Assert.That(await HoursAsync(null, Now.AddHours(3)), Is.EqualTo([2, 1, 0]));
        Assert.That(await HoursAsync(Now.AddHours(2), Now.AddHours(4)), Is.EqualTo([3, 2]));
        Assert.That(await HoursAsync(Now.AddHours(2), Now.AddHours(2)), Is.Empty);
        Assert.That(await HoursAsync(Now.AddHours(9), null), Is.Empty);
        Assert.That(await HoursAsync(null, Now), Is.Empty);
        // One microsecond makes the difference.
        Assert.That(await HoursAsync(Now.AddHours(4).AddTicks(10), null), Is.EqualTo([5]));
        Assert.That(await HoursAsync(null, Now.AddHours(1).AddTicks(10)), Is.EqualTo([1, 0]));
        // The same in every time zone.
        Assert.That(
            await HoursAsync(Now.AddHours(4).ToOffset(TimeSpan.FromHours(-5)), null),
            Is.EqualTo([5, 4])
        );
    }

    [TestCase(AuditAction.ClientRegistered, 1)]
    [TestCase(AuditAction.PolicyCreated, 1)]
    [TestCase(AuditAction.PolicyUpdated, 4)]
    [TestCase(AuditAction.PolicyDeleted, 1)]
    [TestCase(AuditAction.KeyCreated, 0)]
    public async Task List_OfOneAction_HasTheseAlone(AuditAction action, int count)
    {
        var client = await RegisterAsync();
        await FillAsync(client, count: 5);
        await DeleteAsync(client, Definition().Key);

        var entries = await Audit.ListAsync(
            client,
            new AuditFilter(Action: action),
            null,
            100,
            default
        );

        Assert.That(entries.Select(entry => entry.Record.Action), Is.All.EqualTo(action));
        Assert.That(entries, Has.Count.EqualTo(count));
    }

    [Test]
    public async Task List_FewAmongMany_FindsThemPageAfterPage()
    {
        const int many = 3000;
        var client = await RegisterAsync();
        await SaveAsync(client, Definition());
        await SaveAsync(client, Definition());
        var definitions = Enumerable.Range(0, many).Select(i => Definition($"{i}"));
        await TryAsync(
            client,
            [.. definitions.Select(it => PolicyHead.None(it.Key).Save(it, Now, Actor))]
        );
        await SaveAsync(client, Definition());
        var filter = new AuditFilter(Action: AuditAction.PolicyUpdated);

        var first = await Audit.ListAsync(client, filter, null, 1, default);
        var second = await Audit.ListAsync(client, filter, first.Single().Id, 1, default);
        var third = await Audit.ListAsync(client, filter, second.Single().Id, 1, default);

        Assert.That(Version(first), Is.EqualTo(3));
        Assert.That(Version(second), Is.EqualTo(2));
        Assert.That(third, Is.Empty);
        Assert.That(await TrailAsync(client), Has.Count.EqualTo(many + 4));
        Assert.That(
            await Audit.ListAsync(
                client,
                filter with
                {
                    Action = AuditAction.PolicyCreated,
                },
                null,
                many,
                default
            ),
            Has.Count.EqualTo(many)
        );

        static long? Version(IReadOnlyList<AuditEntry> entries) =>
            (entries.Single().Record.After as AuditedPolicy)?.Policy.Version;
    }

    [Test]
    public async Task List_OfOneOfTwoClients_HasNothingOfTheOther()
    {
        var client = await RegisterAsync();
        var other = await RegisterAsync();
        await FillAsync(other, count: 3);

        Assert.That(await TrailAsync(client), Has.Count.EqualTo(1));
        Assert.That(await TrailAsync(other), Has.Count.EqualTo(4));
    }

    [Test]
    public async Task List_ManyChangesAtOnce_LosesNone()
    {
        const int writers = 16;
        var client = await RegisterAsync();

        await Task.WhenAll(
            Enumerable
                .Range(0, writers)
                .Select(writer => Task.Run(() => SaveAsync(client, Definition($"{writer}"))))
        );

        var entries = await TrailAsync(client);
        Assert.That(entries.Select(entry => entry.Id), Is.Ordered.Descending);
        Assert.That(
            entries
                .Select(entry => entry.Record.After)
                .OfType<AuditedPolicy>()
                .Select(policy => policy.Policy.Key.RouteKey),
            Is.EquivalentTo(Enumerable.Range(0, writers).Select(writer => $"{writer}"))
        );
    }

    /// <summary>Saves one policy repeatedly, at intervals of an hour.</summary>
    private async Task FillAsync(ClientId client, int count)
    {
        for (var hour = 1; hour <= count; hour++)
        {
            await SaveAsync(client, Definition(), Now.AddHours(hour));
        }
    }
}
