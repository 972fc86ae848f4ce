using RateLimiter.Application.Audit;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.IntegrationTests.Contracts;

public sealed class OverrideContractTests(ContractStore store) : ContractTests(store)
{
    [Test]
    public async Task Change_NewOverride_IsFoundAsItWasSaved()
    {
        var client = await RegisterAsync();

        var saved = await CreateAsync(client, Everything);

        MustBe(await Policies.FindOverrideAsync(client, saved.Id, default), saved);
        MustBe((await Policies.ListAsync(client, default)).Overrides.Single(), saved);
        MustBe((await Clients.FindAsync(client, default))!.Overrides.Overrides.Single(), saved);
        Assert.That((await Policies.ListAsync(client, default)).Heads, Is.Empty);
    }

    [Test]
    public async Task Change_WhatIsThere_IsTheNextVersion()
    {
        var client = await RegisterAsync();
        var first = await CreateAsync(client, Everything);

        var update = OverrideChange.Update(first, Named("bob"), Now.AddHours(1), Actor);
        await MakeAsync(client, update);

        MustBe(await Policies.FindOverrideAsync(client, first.Id, default), update.After!);
        Assert.That(update.After!.Version, Is.EqualTo(2));
    }

    [Test]
    public async Task Change_Deletion_LeavesNothing()
    {
        var client = await RegisterAsync();
        var saved = await CreateAsync(client, Everything);

        await MakeAsync(client, new OverrideChange(saved, After: null));

        Assert.That(await Policies.FindOverrideAsync(client, saved.Id, default), Is.Null);
        Assert.That((await Policies.ListAsync(client, default)).Overrides, Is.Empty);
        Assert.That((await Clients.FindAsync(client, default))!.Overrides.Overrides, Is.Empty);
    }

    [Test]
    public async Task Change_OfAnotherVersion_IsOutdatedAndChangesNothing()
    {
        var client = await RegisterAsync();
        var saved = await CreateAsync(client, Everything);
        var update = OverrideChange.Update(saved, Named("bob"), Now, Actor);
        await MakeAsync(client, update);

        foreach (
            var late in new[]
            {
                OverrideChange.Update(saved, Named("carol"), Now, Actor),
                new OverrideChange(saved, After: null),
            }
        )
        {
            Assert.That(
                await OutcomeAsync(client, [], late, OverrideChange.Create(Named("x"), Now, Actor)),
                Is.EqualTo(PolicySave.Outdated)
            );
        }

        MustBe((await Policies.ListAsync(client, default)).Overrides.Single(), update.After!);
    }

    [Test]
    public async Task Change_Any_RaisesTheVersionsOfTheSetAndOfTheClient()
    {
        var client = await RegisterAsync();
        var before = (await Clients.FindAsync(client, default))!;
        var set = await Policies.ListAsync(client, default);

        var saved = await CreateAsync(client, Everything);
        var after = (await Clients.FindAsync(client, default))!;

        Assert.That(after.Version, Is.EqualTo(before.Version + 1));
        Assert.That(
            (await Policies.ListAsync(client, default)).Version,
            Is.EqualTo(set.Version + 1)
        );
        Assert.That(
            (
                await Policies.TryChangeAsync(
                    client,
                    Changes([], new OverrideChange(saved, null)) with
                    {
                        SetVersion = set.Version,
                    },
                    Plenty,
                    default
                )
            ).Outcome,
            Is.EqualTo(PolicySave.Outdated)
        );
    }

    [Test]
    public async Task Load_OfWhatWasLoadedBefore_HasTheChanges()
    {
        var client = await RegisterAsync();
        var (kept, changed, gone) = (
            await CreateAsync(client, Named("kept")),
            await CreateAsync(client, Named("changed")),
            await CreateAsync(client, Named("gone"))
        );
        var loaded = (await Clients.FindAsync(client, default))!;

        var update = OverrideChange.Update(changed, Named("other"), Now, Actor);
        await MakeAsync(client, update, new OverrideChange(gone, After: null));
        var created = await CreateAsync(client, Named("new"));
        var again = (await Clients.FindAsync(client, loaded.Version, loaded, default))!;

        Assert.That(
            again.Overrides.Overrides.Select(it => (it.Id, it.Version, it.Definition.Match)),
            Is.EquivalentTo(
                new[] { (kept.Id, 1L, "kept"), (changed.Id, 2L, "other"), (created.Id, 1L, "new") }
            )
        );
        // Loaded alone: the others are the same objects.
        Assert.That(
            again.Overrides.Overrides.Single(it => it.Id == kept.Id),
            Is.SameAs(loaded.Overrides.Overrides.Single(it => it.Id == kept.Id))
        );
    }

    [Test]
    public async Task Change_BeyondTheQuota_HasNoRoomAndPoliciesStillDo()
    {
        var client = await RegisterAsync();
        var first = await CreateAsync(client, Named("a"));
        var quota = new PolicyQuota(MaxPolicies: 1, MaxBytes: 10_000, MaxOverrides: 1);
        var second = OverrideChange.Create(Named("b"), Now, Actor);

        Assert.That(
            await OutcomeAsync(client, [], quota, second),
            Is.EqualTo(PolicySave.NoRoomForOverrides)
        );
        Assert.That(
            await OutcomeAsync(
                client,
                [PolicyHead.None(Definition().Key).Save(Definition(), Now, Actor)],
                quota
            ),
            Is.EqualTo(PolicySave.Saved)
        );
        Assert.That(
            await OutcomeAsync(client, [], quota, second, new OverrideChange(first, After: null)),
            Is.EqualTo(PolicySave.Saved)
        );
        Assert.That(
            await OutcomeAsync(client, [], quota, OverrideChange.Create(Named("c"), Now, Actor)),
            Is.EqualTo(PolicySave.NoRoomForOverrides)
        );
    }

    [Test]
    public async Task DryRun_OfWhatCouldBeDone_ChangesNothing()
    {
        var client = await RegisterAsync();

        var result = await Policies.TryChangeAsync(
            client,
            Changes([], OverrideChange.Create(Everything, Now, Actor)) with
            {
                DryRun = true,
            },
            Plenty,
            default
        );

        Assert.That((result.Outcome, result.Version), Is.EqualTo((PolicySave.Saved, 0L)));
        Assert.That((await Policies.ListAsync(client, default)).Overrides, Is.Empty);
    }

    [TestCase(3)]
    [TestCase(5000)]
    public async Task Change_OfManyTogetherWithPolicies_IsMadeAtOnce(int count)
    {
        var client = await RegisterAsync();
        var gone = await CreateAsync(client, Named("gone"));
        var policy = PolicyHead.None(Definition().Key).Save(Definition(), Now, Actor);

        OverrideChange[] changes =
        [
            new(gone, After: null),
            .. Enumerable
                .Range(0, count)
                .Select(i => OverrideChange.Create(Named($"user{i}"), Now, Actor)),
        ];
        Assert.That(await OutcomeAsync(client, [policy], changes), Is.EqualTo(PolicySave.Saved));

        var set = await Policies.ListAsync(client, default);
        Assert.That(set.Policies.Count(), Is.EqualTo(1));
        Assert.That(set.Overrides, Has.Count.EqualTo(count));
        var snapshot = (await Clients.FindAsync(client, default))!;
        Assert.That(snapshot.Overrides.Overrides, Has.Count.EqualTo(count));
        Assert.That(snapshot.Policies.Policies, Has.Count.EqualTo(1));
        // The next change counts from there.
        Assert.That(
            await OutcomeAsync(
                client,
                [],
                new PolicyQuota(1, 10_000, count),
                OverrideChange.Create(Named("more"), Now, Actor)
            ),
            Is.EqualTo(PolicySave.NoRoomForOverrides)
        );
        var trail = await Audit.ListAsync(client, new AuditFilter(), null, 10, default);
        Assert.That(
            trail.Count(entry => entry.Record.Action == AuditAction.OverrideCreated),
            Is.GreaterThan(0)
        );
    }

    [Test]
    public async Task Audit_OfChanges_HasTheOverrideBeforeAndAfter()
    {
        var client = await RegisterAsync();
        var first = await CreateAsync(client, Everything);
        var update = OverrideChange.Update(first, Named("bob"), Now, Actor);
        await MakeAsync(client, update);
        await MakeAsync(client, new OverrideChange(update.After, After: null));

        var trail = await Audit.ListAsync(client, new AuditFilter(), null, 3, default);

        Assert.That(
            trail.Select(entry =>
                (
                    entry.Record.Action,
                    (entry.Record.Before as AuditedOverride)?.Override.Definition.Match,
                    (entry.Record.After as AuditedOverride)?.Override.Definition.Match
                )
            ),
            Is.EqualTo(
                new (AuditAction, string?, string?)[]
                {
                    (AuditAction.OverrideDeleted, "bob", null),
                    (AuditAction.OverrideUpdated, "alice😀\"", "bob"),
                    (AuditAction.OverrideCreated, null, "alice😀\""),
                }
            )
        );
        MustBe(((AuditedOverride)trail[^1].Record.After!).Override, first);
    }

    private static OverrideDefinition Everything { get; } =
        new(
            "org",
            "alice😀\"",
            OverrideMatchType.Exact,
            "search",
            "free",
            OverrideEffect.Limits,
            new Dictionary<string, long> { ["daily"] = 5000, ["Per Minute"] = 0 },
            Now.AddDays(1),
            "why\nnot"
        );

    private static OverrideDefinition Named(string match) =>
        new("user_id", match, OverrideMatchType.Exact, null, null, OverrideEffect.Blocked);

    private static PolicyChanges Changes(
        IReadOnlyList<PolicyChange> policies,
        params OverrideChange[] overrides
    ) => new(policies, SetVersion: null, Now, Actor) { Overrides = overrides };

    private static void MustBe(Override? found, Override expected)
    {
        Assert.That(found, Is.Not.Null);
        Assert.That(found!.Definition.IsEquivalentTo(expected.Definition), Is.True);
        Assert.That(
            (found.Id, found.Version, found.CreatedAt, found.UpdatedAt, found.UpdatedBy),
            Is.EqualTo(
                (
                    expected.Id,
                    expected.Version,
                    expected.CreatedAt,
                    expected.UpdatedAt,
                    expected.UpdatedBy
                )
            )
        );
    }

    private async Task<Override> CreateAsync(ClientId client, OverrideDefinition definition)
    {
        var change = OverrideChange.Create(definition, Now, Actor);
        await MakeAsync(client, change);
        return change.After!;
    }

    private async Task MakeAsync(ClientId client, params OverrideChange[] changes) =>
        Assert.That(await OutcomeAsync(client, [], changes), Is.EqualTo(PolicySave.Saved));

    private Task<PolicySave> OutcomeAsync(
        ClientId client,
        PolicyChange[] policies,
        params OverrideChange[] overrides
    ) => OutcomeAsync(client, policies, Plenty, overrides);

    private Task<PolicySave> OutcomeAsync(
        ClientId client,
        PolicyChange[] policies,
        PolicyQuota quota,
        params OverrideChange[] overrides
    ) => Policies.OutcomeAsync(client, Changes(policies, overrides), quota, default);
}
