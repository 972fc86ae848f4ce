using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.IntegrationTests.Contracts;

public sealed class PolicyContractTests(ContractStore store) : ContractTests(store)
{
    private const int Many = 10_000;

    [Test]
    public async Task Change_NewPolicy_IsFoundAsItWasSaved()
    {
        var client = await RegisterAsync();

        var saved = await SaveAsync(
            client,
            Definition(description: "what\r\n\tit is {} \u0001 é😀")
        );

        var head = await Policies.FindAsync(client, saved.Key, default);
        Assert.That(Text(head), Is.EqualTo(Text(PolicyHead.Of(saved))));
        Assert.That(saved.Version, Is.EqualTo(1));
        Assert.That(saved.UpdatedBy, Is.EqualTo(Actor.KeyId));
        var set = await Policies.ListAsync(client, default);
        Assert.That(Text(set.Heads), Is.EqualTo(Text(new[] { head })));
    }

    [Test]
    public async Task Change_WhatIsThere_IsTheNextVersionWithItsCounters()
    {
        var client = await RegisterAsync();
        var first = await SaveAsync(client, Definition());

        var second = await SaveAsync(client, Definition(description: "other"), Now.AddHours(1));

        var found = (await Policies.FindAsync(client, first.Key, default)).Policy!;
        Assert.That(Text(found), Is.EqualTo(Text(second)));
        Assert.That(found.Version, Is.EqualTo(2));
        Assert.That(found.CreatedAt, Is.EqualTo(Now));
        Assert.That(found.UpdatedAt, Is.EqualTo(Now.AddHours(1)));
        Assert.That(found.Limits[0].Epoch, Is.EqualTo(first.Limits[0].Epoch));
    }

    [Test]
    public async Task Change_NamesThatLookAlike_AreDifferentPolicies()
    {
        PolicyKey[] keys =
        [
            new("a", "b:c"),
            new("a:b", "c"),
            new("ab", "c"),
            new("1:a", "b"),
            new("a", "1:b"),
            new("1 1:a", "b"),
            new("{x}", "}{"),
            new("é", "e\u0301"),
            new("😀", "€"),
            new("😀€", "x"),
            new("a b", " "),
            new("*", "*"),
            new("GET /orders/%", "_"),
            new("Route", "role"),
            new("route", "role"),
            new("\n1 1:a", "'\"\\"),
        ];
        var client = await RegisterAsync();
        var saved = new List<Policy>();
        foreach (var key in keys)
        {
            saved.Add(await SaveAsync(client, Definition(key.RouteKey, key.Role)));
        }

        await DeleteAsync(client, keys[^1]);

        var set = await Policies.ListAsync(client, default);
        Assert.That(set.Heads.Select(head => head.Key), Is.EquivalentTo(keys));
        Assert.That(set.Policies.Select(Text), Is.EquivalentTo(saved.SkipLast(1).Select(Text)));
        foreach (var policy in saved.SkipLast(1))
        {
            var head = await Policies.FindAsync(client, policy.Key, default);
            Assert.That(Text(head.Policy), Is.EqualTo(Text(policy)));
            var versions = await Policies.ListVersionsAsync(client, policy.Key, null, 9, default);
            Assert.That(Text(versions), Is.EqualTo(Text(new[] { PolicyVersion.Of(policy) })));
        }

        var deleted = await Policies.ListVersionsAsync(client, keys[^1], null, 9, default);
        Assert.That(deleted.Select(version => version.Version), Is.EqualTo([2, 1]));
    }

    [Test]
    public async Task Change_Deletion_LeavesTheNumberOfItsVersion()
    {
        var client = await RegisterAsync();
        var key = (await SaveAsync(client, Definition())).Key;
        await SaveAsync(client, Definition(description: "other"));

        await DeleteAsync(client, key);

        var deleted = new PolicyHead(key, 3, Policy: null);
        Assert.That(await Policies.FindAsync(client, key, default), Is.EqualTo(deleted));
        Assert.That((await Policies.ListAsync(client, default)).Heads, Is.EqualTo([deleted]));
        var recreated = await SaveAsync(client, Definition());
        Assert.That(recreated.Version, Is.EqualTo(4));
        var set = await Policies.ListAsync(client, default);
        Assert.That(Text(set.Heads), Is.EqualTo(Text(new[] { PolicyHead.Of(recreated) })));
        await DeleteAsync(client, key);
        Assert.That((await Policies.FindAsync(client, key, default)).Version, Is.EqualTo(5));
    }

    [Test]
    public async Task List_AfterEachChange_HasAGreaterVersion()
    {
        var client = await RegisterAsync();
        var versions = new List<long> { (await Policies.ListAsync(client, default)).Version };
        async Task LookAsync() => versions.Add((await Policies.ListAsync(client, default)).Version);

        var key = (await SaveAsync(client, Definition())).Key;
        await LookAsync();
        await SaveAsync(client, Definition(description: "other"));
        await LookAsync();
        await DeleteAsync(client, key);
        await LookAsync();
        await SaveAsync(client, Definition());
        await LookAsync();

        Assert.That(versions[0], Is.Zero);
        Assert.That(versions, Is.Ordered.Ascending);
        Assert.That(versions, Is.Unique);
    }

    [Test]
    public async Task List_WhenOtherThingsOfTheClientChange_HasTheSameVersion()
    {
        var client = await RegisterAsync();
        await SaveAsync(client, Definition());
        var before = await StateAsync(client);
        var set = await Policies.ListAsync(client, default);

        var (version, ring) = (await Keys.FindAsync(client, default))!.Value;
        var key = NewKey(client, Domain.Keys.Scopes.Check);
        await Keys.IsSavedAsync(client, version, ring, ring.With(key, Now), Creation(key), default);

        Assert.That(await StateAsync(client), Is.Not.EqualTo(before));
        Assert.That((await Policies.ListAsync(client, default)).Version, Is.EqualTo(set.Version));
    }

    [Test]
    public async Task Change_FromAVersionThatIsNotThere_IsOutdated()
    {
        var client = await RegisterAsync();
        var definition = Definition();
        var none = PolicyHead.None(definition.Key);
        var first = PolicyHead.Of(await SaveAsync(client, definition));
        var second = PolicyHead.Of(await SaveAsync(client, definition));
        await AssertRefusedAsync(
            client,
            PolicySave.Outdated,
            none.Save(definition, Now, Actor),
            first.Save(definition, Now, Actor),
            first.Delete(),
            (second with { Version = 3 }).Delete(),
            new PolicyHead(new("other", "role"), 1, null).Save(
                Definition("other", "role"),
                Now,
                Actor
            )
        );

        await DeleteAsync(client, definition.Key);
        await AssertRefusedAsync(
            client,
            PolicySave.Outdated,
            none.Save(definition, Now, Actor),
            second.Save(definition, Now, Actor),
            second.Delete()
        );
    }

    [Test]
    public async Task Change_OfASetThatHasAnotherVersion_IsOutdated()
    {
        var client = await RegisterAsync();
        var create = PolicyHead
            .None(new("other", "role"))
            .Save(Definition("other", "role"), Now, Actor);
        var empty = Changes(create) with { SetVersion = 1 };
        await AssertRefusedAsync(client, PolicySave.Outdated, empty);
        await SaveAsync(client, Definition());
        var set = await Policies.ListAsync(client, default);
        var next = Changes(create) with { SetVersion = set.Version };
        await AssertRefusedAsync(client, PolicySave.Outdated, next with { SetVersion = 0 });
        await AssertRefusedAsync(
            client,
            PolicySave.Outdated,
            next with
            {
                SetVersion = set.Version + 1,
            }
        );

        Assert.That(
            await Policies.OutcomeAsync(client, next, Plenty, default),
            Is.EqualTo(PolicySave.Saved)
        );
        await AssertRefusedAsync(
            client,
            PolicySave.Outdated,
            Changes(PolicyHead.Of(create.After!).Delete()) with
            {
                SetVersion = set.Version,
            }
        );
    }

    [Test]
    public async Task Change_OfASetThatWasNeverChanged_HasVersionZero()
    {
        var client = await RegisterAsync();
        var create = PolicyHead.None(Definition().Key).Save(Definition(), Now, Actor);

        Assert.That(
            await Policies.OutcomeAsync(
                client,
                Changes(create) with
                {
                    SetVersion = 0,
                },
                Plenty,
                default
            ),
            Is.EqualTo(PolicySave.Saved)
        );
    }

    [Test]
    public async Task Change_OneOfManyOutdated_ChangesNothing([Values(0, 1, 2)] int outdated)
    {
        var client = await RegisterAsync();
        var kept = await SaveAsync(client, Definition("kept"));
        var deleted = await SaveAsync(client, Definition("deleted"));
        PolicyHead[] heads =
        [
            PolicyHead.Of(kept),
            PolicyHead.Of(deleted),
            PolicyHead.None(new PolicyKey("new", "role")),
        ];
        heads[outdated] = heads[outdated] with
        {
            Version = 7,
            Policy = heads[outdated].Policy is { } policy ? policy with { Version = 7 } : null,
        };

        await AssertRefusedAsync(
            client,
            PolicySave.Outdated,
            Changes(
                heads[0].Save(Definition("kept"), Now, Actor),
                heads[1].Delete(),
                heads[2].Save(Definition("new", "role"), Now, Actor)
            )
        );
    }

    [Test]
    public async Task Change_ManyAtOnce_MakesEach()
    {
        var client = await RegisterAsync();
        var kept = await SaveAsync(client, Definition("kept"));
        var deleted = await SaveAsync(client, Definition("deleted"));
        var raised = await SaveAsync(client, Definition("raised"));
        await DeleteAsync(client, raised.Key);
        var before = await Policies.ListAsync(client, default);
        PolicyChange[] changes =
        [
            PolicyHead.Of(kept).Save(Definition("kept", description: "other"), Now, Actor),
            PolicyHead.Of(deleted).Delete(),
            new PolicyHead(raised.Key, 2, null).Save(Definition("raised"), Now, Actor),
            PolicyHead
                .None(new PolicyKey("new", "role"))
                .Save(Definition("new", "role"), Now, Actor),
        ];

        Assert.That(await TryAsync(client, changes), Is.EqualTo(PolicySave.Saved));

        var set = await Policies.ListAsync(client, default);
        Assert.That(set.Version, Is.GreaterThan(before.Version));
        Assert.That(
            set.Heads.Select(Text),
            Is.EquivalentTo(
                changes.Select(change =>
                    Text(new PolicyHead(change.Key, change.Version, change.After))
                )
            )
        );
    }

    [Test]
    public async Task Change_OfAClientThatIsNone_IsNoClientAndLeavesNothing()
    {
        var client = ClientId.New();
        var before = await StateAsync(client);
        var create = PolicyHead.None(Definition().Key).Save(Definition(), Now, Actor);

        // This result takes precedence over every other.
        await AssertRefusedAsync(client, PolicySave.NoClient, Changes(create));
        await AssertRefusedAsync(
            client,
            PolicySave.NoClient,
            Changes(create) with
            {
                DryRun = true,
            }
        );
        await AssertRefusedAsync(
            client,
            PolicySave.NoClient,
            Changes(create) with
            {
                SetVersion = 9,
            }
        );
        Assert.That(
            await Policies.OutcomeAsync(client, Changes(create), new PolicyQuota(0, 0), default),
            Is.EqualTo(PolicySave.NoClient)
        );

        Assert.That(await StateAsync(client), Is.EqualTo(before));
        Assert.That((await Policies.ListAsync(client, default)).Version, Is.Zero);
        Assert.That(await TrailAsync(client), Is.Empty);
    }

    [Test]
    public async Task Change_MorePoliciesThanTheQuota_IsNoRoom()
    {
        var client = await RegisterAsync();
        var first = PolicyHead.Of(await SaveAsync(client, Definition("first")));
        var second = PolicyHead.Of(await SaveAsync(client, Definition("second")));
        await SaveAsync(client, Definition("gone"));
        await DeleteAsync(client, Definition("gone").Key);
        var create = PolicyHead.None(Definition("third").Key).Save(Definition("third"), Now, Actor);
        var update = first.Save(Definition("first"), Now, Actor);
        var two = Plenty with { MaxPolicies = 2 };

        await AssertRefusedAsync(client, PolicySave.NoRoom, Changes(create), two);
        await AssertRefusedAsync(client, PolicySave.NoRoom, Changes(update, create), two);
        await AssertRefusedAsync(
            client,
            PolicySave.NoRoom,
            Changes(second.Delete(), create),
            two with
            {
                MaxPolicies = 1,
            }
        );
        // A change that creates nothing, or makes room for what it creates, is accepted.
        Assert.That(
            await Policies.OutcomeAsync(
                client,
                Changes(update),
                two with
                {
                    MaxPolicies = 1,
                },
                default
            ),
            Is.EqualTo(PolicySave.Saved)
        );
        Assert.That(
            await Policies.OutcomeAsync(client, Changes(create, second.Delete()), two, default),
            Is.EqualTo(PolicySave.Saved)
        );
    }

    [Test]
    public async Task Change_MoreBytesThanTheQuota_IsTooLarge()
    {
        var client = await RegisterAsync();
        var definition = Definition(description: new string('x', 400));
        var create = PolicyHead.None(definition.Key).Save(definition, Now, Actor);
        var small = Plenty with { MaxBytes = 300 };

        await AssertRefusedAsync(client, PolicySave.TooLarge, Changes(create), small);
        var first = PolicyHead.Of(await SaveAsync(client, definition));
        var longer = definition with { Description = new string('x', 500) };
        var other = PolicyHead.None(Definition("other").Key).Save(Definition("other"), Now, Actor);
        await AssertRefusedAsync(
            client,
            PolicySave.TooLarge,
            Changes(first.Save(longer, Now, Actor)),
            small
        );
        await AssertRefusedAsync(client, PolicySave.TooLarge, Changes(other), small);
        // A change to a smaller size is accepted, even if that is still too large.
        var shorter = first.Save(definition with { Description = "x" }, Now, Actor);
        Assert.That(
            await Policies.OutcomeAsync(client, Changes(shorter), small, default),
            Is.EqualTo(PolicySave.Saved)
        );
        Assert.That(
            await Policies.OutcomeAsync(
                client,
                Changes(PolicyHead.Of(shorter.After!).Delete()),
                small,
                default
            ),
            Is.EqualTo(PolicySave.Saved)
        );
        // The deleted policy does not count any more.
        Assert.That(
            await Policies.OutcomeAsync(
                client,
                Changes(other),
                Plenty with
                {
                    MaxBytes = 1000,
                },
                default
            ),
            Is.EqualTo(PolicySave.Saved)
        );
    }

    [Test]
    public async Task Change_SeveralThingsAreWrong_SaysTheFirst()
    {
        var client = await RegisterAsync();
        await SaveAsync(client, Definition("there"));
        var create = PolicyHead.None(Definition("new").Key).Save(Definition("new"), Now, Actor);
        var outdated = PolicyHead
            .None(Definition("there").Key)
            .Save(Definition("there"), Now, Actor);

        await AssertRefusedAsync(
            client,
            PolicySave.Outdated,
            Changes(create, outdated),
            new PolicyQuota(1, 1)
        );
        await AssertRefusedAsync(
            client,
            PolicySave.Outdated,
            Changes(create) with
            {
                SetVersion = 0,
            },
            new PolicyQuota(1, 1)
        );
        await AssertRefusedAsync(client, PolicySave.NoRoom, Changes(create), new PolicyQuota(1, 1));
        await AssertRefusedAsync(
            client,
            PolicySave.TooLarge,
            Changes(create),
            new PolicyQuota(2, 1)
        );
    }

    [Test]
    public async Task DryRun_OfWhatCouldBeDone_ChangesNothing()
    {
        var client = await RegisterAsync();
        var first = PolicyHead.Of(await SaveAsync(client, Definition("first")));
        var second = PolicyHead.Of(await SaveAsync(client, Definition("second")));
        var set = await Policies.ListAsync(client, default);
        var before = await StateAsync(client);
        var changes = Changes(
            first.Save(Definition("first", description: "other"), Now, Actor),
            second.Delete(),
            PolicyHead.None(Definition("new").Key).Save(Definition("new"), Now, Actor)
        ) with
        {
            SetVersion = set.Version,
            DryRun = true,
        };

        Assert.That(
            await Policies.OutcomeAsync(client, changes, Plenty, default),
            Is.EqualTo(PolicySave.Saved)
        );

        Assert.That(await StateAsync(client), Is.EqualTo(before));
        Assert.That(
            await Policies.OutcomeAsync(client, changes with { DryRun = false }, Plenty, default),
            Is.EqualTo(PolicySave.Saved)
        );
    }

    [Test]
    public async Task DryRun_OfWhatCouldNotBeDone_SaysWhy()
    {
        var client = await RegisterAsync();
        await SaveAsync(client, Definition("there"));
        var create = PolicyHead.None(Definition("new").Key).Save(Definition("new"), Now, Actor);
        var changes = Changes(create) with { DryRun = true };

        await AssertRefusedAsync(client, PolicySave.Outdated, changes with { SetVersion = 0 });
        await AssertRefusedAsync(client, PolicySave.NoRoom, changes, new PolicyQuota(1, 10_000));
        await AssertRefusedAsync(client, PolicySave.TooLarge, changes, new PolicyQuota(9, 10));
    }

    [Test]
    public async Task Change_10000AtOnce_AreAllMade()
    {
        var client = await RegisterAsync();
        var definitions = Enumerable
            .Range(0, Many)
            .Select(i => Definition($"/v1/orders/{i}", "customer", "So much for each customer."))
            .ToList();
        PolicyChange[] creations =
        [
            .. definitions.Select(it => PolicyHead.None(it.Key).Save(it, Now, Actor)),
        ];
        PolicyHead[] created = [.. creations.Select(it => PolicyHead.Of(it.After!))];
        PolicyChange[] updates =
        [
            .. created.Select(it => it.Save(it.Policy!.Definition, Now, Actor)),
        ];
        PolicyHead[] updated = [.. updates.Select(it => PolicyHead.Of(it.After!))];

        await ChangeAsync("create", creations);
        var set = await Policies.ListAsync(client, default);
        Assert.That(set.Heads.Select(Text), Is.EquivalentTo(created.Select(Text)));
        await ChangeAsync("update", updates);
        set = await Policies.ListAsync(client, default);
        Assert.That(set.Heads.Select(Text), Is.EquivalentTo(updated.Select(Text)));
        await ChangeAsync("delete", [.. updated.Select(it => it.Delete())]);
        set = await Policies.ListAsync(client, default);
        Assert.That(set.Policies, Is.Empty);

        async Task ChangeAsync(string what, IReadOnlyList<PolicyChange> changes)
        {
            var start = TimeProvider.System.GetTimestamp();
            Assert.That(await TryAsync(client, changes), Is.EqualTo(PolicySave.Saved));
            var time = TimeProvider.System.GetElapsedTime(start);
            await TestContext.Out.WriteLineAsync($"{what} {Many}: {time.TotalMilliseconds:F0} ms");
        }
    }

    [Test]
    public async Task Change_10000AtOnceAndTheLastIsOutdated_ChangesNothing()
    {
        var client = await RegisterAsync();
        var last = await SaveAsync(client, Definition("last"));
        var creations = Enumerable
            .Range(0, Many - 1)
            .Select(i => Definition($"{i}"))
            .Select(it => PolicyHead.None(it.Key).Save(it, Now, Actor));

        await AssertRefusedAsync(
            client,
            PolicySave.Outdated,
            Changes([.. creations, PolicyHead.None(last.Key).Save(Definition("last"), Now, Actor)])
        );
    }

    [Test]
    public async Task Change_OfOnePolicyBySeveralAtOnce_OneOfThemMakesIt()
    {
        const int rounds = 20;
        const int writers = 8;
        var client = await RegisterAsync();
        var key = Definition().Key;
        for (var round = 0; round < rounds; round++)
        {
            var head = await Policies.FindAsync(client, key, default);
            PolicyChange[] changes =
            [
                .. Enumerable
                    .Range(0, writers)
                    .Select(writer =>
                        head.Policy is not null && writer % 2 == 0
                            ? head.Delete()
                            : head.Save(Definition(description: $"{round} {writer}"), Now, Actor)
                    ),
            ];

            var outcomes = await Task.WhenAll(
                changes.Select(change => Task.Run(() => TryAsync(client, change)))
            );

            Assert.That(outcomes.Count(it => it == PolicySave.Saved), Is.EqualTo(1));
            Assert.That(outcomes.Count(it => it == PolicySave.Outdated), Is.EqualTo(writers - 1));
            var after = changes[Array.IndexOf(outcomes, PolicySave.Saved)].After;
            Assert.That(
                Text(await Policies.FindAsync(client, key, default)),
                Is.EqualTo(Text(new PolicyHead(key, round + 1, after)))
            );
        }

        var versions = await Policies.ListVersionsAsync(client, key, null, 100, default);
        Assert.That(
            versions.Select(version => version.Version),
            Is.EqualTo(Enumerable.Range(1, rounds).Reverse())
        );
        Assert.That(await TrailAsync(client), Has.Count.EqualTo(1 + rounds));
    }

    [Test]
    public async Task Change_OfOneSetBySeveralAtOnce_OneOfThemMakesIt()
    {
        const int writers = 8;
        var client = await RegisterAsync();
        await SaveAsync(client, Definition());
        var set = await Policies.ListAsync(client, default);

        var outcomes = await Task.WhenAll(
            Enumerable
                .Range(0, writers)
                .Select(writer =>
                    Task.Run(() =>
                    {
                        var definition = Definition($"{writer}");
                        var change = PolicyHead.None(definition.Key).Save(definition, Now, Actor);
                        return Policies.OutcomeAsync(
                            client,
                            Changes(change) with
                            {
                                SetVersion = set.Version,
                            },
                            Plenty,
                            default
                        );
                    })
                )
        );

        Assert.That(outcomes.Count(it => it == PolicySave.Saved), Is.EqualTo(1));
        Assert.That(outcomes.Count(it => it == PolicySave.Outdated), Is.EqualTo(writers - 1));
        Assert.That((await Policies.ListAsync(client, default)).Heads, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Change_OfSeveralPoliciesAtOnce_AreAllMadeWithinTheQuota()
    {
        const int writers = 16;
        const int max = 10;
        var client = await RegisterAsync();

        var outcomes = await Task.WhenAll(
            Enumerable
                .Range(0, writers)
                .Select(writer =>
                    Task.Run(() =>
                    {
                        var definition = Definition($"{writer}");
                        var change = PolicyHead.None(definition.Key).Save(definition, Now, Actor);
                        return Policies.OutcomeAsync(
                            client,
                            Changes(change),
                            Plenty with
                            {
                                MaxPolicies = max,
                            },
                            default
                        );
                    })
                )
        );

        Assert.That(outcomes.Count(it => it == PolicySave.Saved), Is.EqualTo(max));
        Assert.That(outcomes.Count(it => it == PolicySave.NoRoom), Is.EqualTo(writers - max));
        var set = await Policies.ListAsync(client, default);
        Assert.That(set.Heads, Has.Count.EqualTo(max));
        Assert.That(set.Version, Is.GreaterThanOrEqualTo(max));
    }

    private async Task AssertRefusedAsync(
        ClientId client,
        PolicySave outcome,
        params PolicyChange[] changes
    )
    {
        foreach (var change in changes)
        {
            await AssertRefusedAsync(client, outcome, Changes(change));
        }
    }

    private async Task AssertRefusedAsync(
        ClientId client,
        PolicySave outcome,
        PolicyChanges changes,
        PolicyQuota? quota = null
    )
    {
        var before = await StateAsync(client);

        Assert.That(
            await Policies.OutcomeAsync(client, changes, quota ?? Plenty, default),
            Is.EqualTo(outcome)
        );

        Assert.That(await StateAsync(client), Is.EqualTo(before));
    }
}
