using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Policies;
using RateLimiter.UnitTests.Application.Clients;

namespace RateLimiter.UnitTests.Application.Policies;

/// <summary>Saving, deleting, rolling back and importing policies, on a repository of one client.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PolicyHandlerTests
{
    private const int MaxPolicies = 7;
    private const long MaxBytes = 5000;
    private const int MaxWindowSeconds = 3600;

    private static readonly DateTimeOffset Later = TestData.Moment.AddHours(1);
    private static readonly PolicyKey Key = TestData.Policy().Key;

    private readonly KeptPolicies policies = new();
    private readonly KnownClient client = new();
    private readonly StoreRoom room = new();

    [Test]
    public async Task Save_NoPolicyYet_IsVersion1()
    {
        var definition = TestData.Definition();

        var policy = await SavedAsync(definition);

        Assert.That(
            policy,
            Is.EqualTo(new Policy(definition, 1, Later, Later, TestData.Actor.KeyId))
        );
        Assert.That(policies.Head(Key).Policy, Is.EqualTo(policy));
        Assert.That(
            policies.Changes.Single(),
            Has.Property(nameof(PolicyChanges.At)).EqualTo(Later)
                & Has.Property(nameof(PolicyChanges.Actor)).EqualTo(TestData.Actor)
        );
        Assert.That(Action(), Is.EqualTo(AuditAction.PolicyCreated));
    }

    [Test]
    public async Task AnyChange_StoreIsFull_IsRefusedUnlessItOnlyDeletes()
    {
        policies.Save(TestData.Definition());
        policies.Save(TestData.Definition(limits: TestData.Limit(permits: 20)));
        room.Note(full: true);

        Assert.That(() => SaveAsync(TestData.Definition()), Throws.TypeOf<StoreFullException>());
        Assert.That(() => RollBackAsync(1), Throws.TypeOf<StoreFullException>());
        Assert.That(
            () => ImportAsync(TestData.Definition(route: "other")),
            Throws.TypeOf<StoreFullException>()
        );
        Assert.That(policies.Changes, Is.Empty);
        Assert.That(
            await ImportAsync(dryRun: true, definitions: TestData.Definition(route: "other")),
            Is.TypeOf<PoliciesImported>()
        );
        Assert.That(await DeleteAsync(), Is.TypeOf<PolicyDeleted>());
    }

    [Test]
    public async Task Save_PolicyThere_IsItsNextVersionWithItsCounters()
    {
        var earlier = policies.Save(TestData.Definition());

        var policy = await SavedAsync(TestData.Definition(limits: TestData.Limit(permits: 20)));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Version, Is.EqualTo(2));
            Assert.That(policy.CreatedAt, Is.EqualTo(TestData.Moment));
            Assert.That(policy.UpdatedAt, Is.EqualTo(Later));
            Assert.That(policy.Limits[0].Permits, Is.EqualTo(20));
            Assert.That(policy.Limits[0].Epoch, Is.EqualTo(earlier.Limits[0].Epoch));
            Assert.That(Action(), Is.EqualTo(AuditAction.PolicyUpdated));
        }
    }

    [Test]
    public async Task Save_DeletedBefore_GoesOnWithTheVersionsAndCountsAfresh()
    {
        var earlier = policies.Save(TestData.Definition());
        policies.Delete(Key);

        var policy = await SavedAsync(TestData.Definition());

        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Version, Is.EqualTo(3));
            Assert.That(policy.CreatedAt, Is.EqualTo(Later));
            Assert.That(policy.Limits[0].Epoch, Is.Not.EqualTo(earlier.Limits[0].Epoch));
            Assert.That(Action(), Is.EqualTo(AuditAction.PolicyCreated));
        }
    }

    [Test]
    public async Task Save_SomebodyElseSavedInBetween_BuildsOnWhatHeSaved()
    {
        policies.Save(TestData.Definition());
        Policy? other = null;
        policies.BeforeChange = () =>
            other = policies.Save(TestData.Definition(limits: TestData.Limit(windowSeconds: 1)));

        var policy = await SavedAsync(
            TestData.Definition(limits: TestData.Limit(windowSeconds: 1))
        );

        Assert.That(policy.Version, Is.EqualTo(3));
        Assert.That(policy.Limits[0].Epoch, Is.EqualTo(other!.Limits[0].Epoch));
    }

    [Test]
    public async Task Save_OnConditionAndSomebodyElseSavedInBetween_Fails()
    {
        policies.Save(TestData.Definition());
        policies.BeforeChange = () => policies.Save(TestData.Definition(description: "his"));

        Assert.That(
            await SaveAsync(TestData.Definition(), new VersionCondition.OneOf([1])),
            Is.TypeOf<ConditionFailed>()
        );
        Assert.That(policies.Head(Key).Policy!.Definition.Description, Is.EqualTo("his"));
    }

    private static IEnumerable<TestCaseData<VersionCondition, bool, bool>> Conditions()
    {
        yield return new(VersionCondition.None, true, true);
        yield return new(new VersionCondition.Exists(), false, true);
        yield return new(new VersionCondition.Missing(), true, false);
        yield return new(new VersionCondition.OneOf([1]), false, false);
        yield return new(new VersionCondition.OneOf([2]), false, true);
        yield return new(new VersionCondition.OneOf([1, 2]), false, true);
        yield return new(new VersionCondition.OneOf([3]), false, false);
    }

    [TestCaseSource(nameof(Conditions))]
    public async Task Save_OnCondition_IsSavedWhereItHolds(
        VersionCondition condition,
        bool onNothing,
        bool onVersion2
    )
    {
        var toNothing = await SaveAsync(TestData.Definition("other"), condition);
        policies.Save(TestData.Definition());
        policies.Save(TestData.Definition());
        var toVersion2 = await SaveAsync(TestData.Definition(), condition);

        Assert.That(toNothing is PolicySaved, Is.EqualTo(onNothing));
        Assert.That(toVersion2 is PolicySaved, Is.EqualTo(onVersion2));
    }

    [Test]
    public async Task Save_OnConditionThatOneIsThereAndItIsDeleted_Fails()
    {
        policies.Save(TestData.Definition());
        policies.Delete(Key);

        Assert.That(
            await SaveAsync(TestData.Definition(), new VersionCondition.Exists()),
            Is.TypeOf<ConditionFailed>()
        );
        Assert.That(
            await SaveAsync(TestData.Definition(), new VersionCondition.OneOf([2])),
            Is.TypeOf<ConditionFailed>()
        );
        Assert.That(
            await SaveAsync(TestData.Definition(), new VersionCondition.Missing()),
            Is.TypeOf<PolicySaved>()
        );
    }

    [Test]
    public async Task Change_Done_ForgetsTheClient([Values] bool isAnswered)
    {
        policies.LosesAnswers = !isAnswered;

        var isForgotten = await client.IsForgottenByAsync(async () =>
        {
            try
            {
                await SaveAsync(TestData.Definition());
            }
            catch (StoreUnavailableException) when (!isAnswered)
            {
                // The policy may have been saved.
            }
        });

        Assert.That(isForgotten);
    }

    [Test]
    public async Task Change_DoneAndTheStoreHangsThen_IsWhatThisInstanceKnows(
        [Values("save", "delete", "roll back", "import")] string change
    )
    {
        policies.Save(TestData.Definition(description: "first"));
        policies.Save(TestData.Definition(description: "second"));

        var known = await client.KnownAfterAsync(async () =>
        {
            await SaveAsync(TestData.Definition(description: "third"));
            _ = change switch
            {
                "delete" => await DeleteAsync(),
                "roll back" => await RollBackAsync(1),
                "import" => await ImportAsync(TestData.Definition("imported")),
                _ => null,
            };
        });

        var policy = known!.Policies.Resolve(Key.RouteKey, Key.Role);
        Assert.That(
            policy?.Definition.Description,
            Is.EqualTo(
                change switch
                {
                    "save" => "third",
                    "roll back" => "first",
                    _ => null,
                }
            )
        );
        Assert.That(
            known.Policies.Resolve("imported", Key.Role) is not null,
            Is.EqualTo(change == "import")
        );
    }

    [Test]
    public async Task Import_OnlyAskedForAndTheStoreHangsThen_IsNotKnown()
    {
        var known = await client.KnownAfterAsync(() =>
            ImportAsync(dryRun: true, definitions: TestData.Definition("imported"))
        );

        Assert.That(known!.Policies.Policies, Is.Empty);
    }

    [Test]
    public void Change_WithoutAnAnswer_ThrowsAndIsNotTriedAgain()
    {
        policies.LosesAnswers = true;

        Assert.That(
            () => SaveAsync(TestData.Definition()),
            Throws.TypeOf<StoreUnavailableException>()
        );
        Assert.That(policies.Changes, Has.Count.EqualTo(1));
    }

    private static IEnumerable<TestCaseData<PolicySave, PolicyOutcome>> Refusals()
    {
        yield return new(PolicySave.NoRoom, new TooManyPolicies(MaxPolicies));
        yield return new(PolicySave.TooLarge, new PoliciesTooLarge(MaxBytes));
        yield return new(PolicySave.NoClient, new NoSuchClient());
        yield return new(PolicySave.Outdated, new PoliciesContended());
        yield return new(PolicySave.NoRoomForOverrides, new TooManyOverrides(10_000));
    }

    [TestCaseSource(nameof(Refusals))]
    public async Task Change_Refused_SaysWhy(PolicySave refusal, PolicyOutcome outcome)
    {
        policies.Refusal = refusal;

        Assert.That(await SaveAsync(TestData.Definition()), Is.EqualTo(outcome));
        Assert.That(
            policies.Quota,
            Is.EqualTo(new PolicyQuota(MaxPolicies, MaxBytes, MaxOverrides: 10_000))
        );
    }

    [Test]
    public async Task Save_OneOfTheWindowsIsTooLong_SaysHowLongItCanBeAndSavesNothing()
    {
        var outcome = await SaveAsync(
            TestData.Definition(
                limits:
                [
                    TestData.Limit(),
                    TestData.Limit("long", windowSeconds: MaxWindowSeconds + 1),
                ]
            )
        );

        Assert.That(outcome, Is.EqualTo(new WindowTooLong(MaxWindowSeconds)));
        Assert.That(policies.Changes, Is.Empty);
    }

    [Test]
    public async Task Delete_Policy_IsGoneWithAVersionOfItsOwn()
    {
        policies.Save(TestData.Definition());

        Assert.That(await DeleteAsync(), Is.TypeOf<PolicyDeleted>());
        Assert.That(policies.Head(Key), Is.EqualTo(new PolicyHead(Key, 2, null)));
        Assert.That(Action(), Is.EqualTo(AuditAction.PolicyDeleted));
    }

    [Test]
    public async Task Delete_NoneOrDeletedBefore_IsNotFound()
    {
        Assert.That(await DeleteAsync(), Is.TypeOf<PolicyNotFound>());
        policies.Save(TestData.Definition());
        policies.Delete(Key);
        Assert.That(await DeleteAsync(), Is.TypeOf<PolicyNotFound>());
        Assert.That(policies.Changes, Is.Empty);
    }

    [Test]
    public async Task Delete_OnCondition_IsDoneWhereItHolds()
    {
        policies.Save(TestData.Definition());

        Assert.That(
            await DeleteAsync(new VersionCondition.OneOf([2])),
            Is.TypeOf<ConditionFailed>()
        );
        Assert.That(await DeleteAsync(new VersionCondition.OneOf([1])), Is.TypeOf<PolicyDeleted>());
    }

    [Test]
    public async Task RollBack_ToAnOldVersion_SaysTheSameAndCountsOn()
    {
        var first = policies.Save(TestData.Definition(description: "first"));
        var second = policies.Save(TestData.Definition(limits: TestData.Limit(permits: 20)));

        var policy = ((PolicySaved)await RollBackAsync(1)).Policy;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Version, Is.EqualTo(3));
            Assert.That(policy.Definition.IsEquivalentTo(first.Definition));
            Assert.That(policy.Limits[0].Epoch, Is.EqualTo(second.Limits[0].Epoch));
            Assert.That(policies.Head(Key).Policy, Is.EqualTo(policy));
            Assert.That(Action(), Is.EqualTo(AuditAction.PolicyRolledBack));
        }
    }

    [Test]
    public async Task RollBack_ToAnotherWindow_CountsAfresh()
    {
        var first = policies.Save(TestData.Definition());
        policies.Save(TestData.Definition(limits: TestData.Limit(windowSeconds: 1)));

        var policy = ((PolicySaved)await RollBackAsync(1)).Policy;

        Assert.That(policy.Limits[0].Epoch, Is.Not.EqualTo(first.Limits[0].Epoch));
    }

    [Test]
    public async Task RollBack_OfADeletedPolicy_BringsItBackAndCountsAfresh()
    {
        var first = policies.Save(TestData.Definition());
        policies.Delete(Key);

        var policy = ((PolicySaved)await RollBackAsync(1)).Policy;

        Assert.That(policy.Version, Is.EqualTo(3));
        Assert.That(policy.Limits[0].Epoch, Is.Not.EqualTo(first.Limits[0].Epoch));
    }

    [Test]
    public async Task RollBack_ToWhatIsNoPolicy_IsNotFound([Values(0, 2, 4, 99)] long version)
    {
        policies.Save(TestData.Definition());
        policies.Delete(Key);
        policies.Save(TestData.Definition());

        Assert.That(await RollBackAsync(version), Is.TypeOf<PolicyNotFound>());
        Assert.That(policies.Changes, Is.Empty);
    }

    [Test]
    public async Task RollBack_OnCondition_IsDoneWhereItHolds()
    {
        policies.Save(TestData.Definition());

        Assert.That(
            await RollBackAsync(1, new VersionCondition.OneOf([2])),
            Is.TypeOf<ConditionFailed>()
        );
        Assert.That(
            await RollBackAsync(1, new VersionCondition.OneOf([1])),
            Is.TypeOf<PolicySaved>()
        );
    }

    [Test]
    public async Task Import_Document_MakesThePoliciesWhatItSays()
    {
        policies.Save(TestData.Definition("same"));
        policies.Save(TestData.Definition("other"));
        policies.Save(TestData.Definition("gone"));
        policies.Save(TestData.Definition("was deleted"));
        policies.Delete(new PolicyKey("was deleted", "default"));

        var imported = (PoliciesImported)
            await ImportAsync(
                TestData.Definition("same"),
                TestData.Definition("other", description: "changed"),
                TestData.Definition("was deleted"),
                TestData.Definition("new")
            );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                imported.Changes.Select(change =>
                    (change.Key.RouteKey, change.Action, change.Version)
                ),
                Is.EqualTo(
                    new[]
                    {
                        ("gone", AuditAction.PolicyDeleted, 2),
                        ("new", AuditAction.PolicyCreated, 1),
                        ("other", AuditAction.PolicyUpdated, 2L),
                        ("was deleted", AuditAction.PolicyCreated, 3),
                    }
                )
            );
            Assert.That(imported.Unchanged, Is.EqualTo(1));
            Assert.That(policies.Changes.Single().Changes, Is.EqualTo(imported.Changes));
        }
    }

    [Test]
    public async Task Import_KeepingOthers_DeletesNone()
    {
        policies.Save(TestData.Definition("kept"));

        var imported = await ImportAsync(
            deleteOthers: false,
            definitions: TestData.Definition("new")
        );

        Assert.That(
            ((PoliciesImported)imported).Changes.Select(change => change.Action),
            Is.EqualTo(new[] { AuditAction.PolicyCreated })
        );
    }

    [Test]
    public async Task Import_WhatIsThere_ChangesNothing()
    {
        policies.Save(
            TestData.Definition(
                description: "text",
                limits: [TestData.Limit("a"), TestData.Limit("b")]
            )
        );

        var imported = (PoliciesImported)
            await ImportAsync(
                TestData.Definition(
                    description: "text",
                    limits: [TestData.Limit("a"), TestData.Limit("b")]
                )
            );

        Assert.That((imported.Changes.Count, imported.Unchanged), Is.EqualTo((0, 1)));
        Assert.That(policies.Changes, Is.Empty);
    }

    [Test]
    public async Task Import_DryRun_SaysWhatWouldChangeAndChangesNothing()
    {
        policies.Save(TestData.Definition());

        var imported = (PoliciesImported)
            await ImportAsync(dryRun: true, definitions: TestData.Definition("new"));

        Assert.That(imported.Changes, Has.Count.EqualTo(2));
        Assert.That(policies.Changes.Single().DryRun);
    }

    [Test]
    public async Task Import_SomebodyElseSavedAnotherInBetween_BuildsOnThat()
    {
        policies.BeforeChange = () => policies.Save(TestData.Definition("his"));

        var imported = (PoliciesImported)await ImportAsync(TestData.Definition("mine"));

        Assert.That(
            imported.Changes.Select(change => change.Key.RouteKey),
            Is.EqualTo(new[] { "his", "mine" })
        );
    }

    [Test]
    public async Task Import_OnConditionAndSomebodyElseSavedInBetween_Fails()
    {
        policies.BeforeChange = () => policies.Save(TestData.Definition("his"));

        Assert.That(
            await ImportAsync(
                condition: new VersionCondition.OneOf([0]),
                definitions: TestData.Definition("mine")
            ),
            Is.TypeOf<ConditionFailed>()
        );
    }

    [Test]
    public async Task History_Policy_IsAPageOfItsVersions()
    {
        policies.Save(TestData.Definition(description: "first"));
        policies.Delete(Key);
        policies.Save(TestData.Definition(description: "third"));

        Assert.That(await HistoryAsync(null, 2), Is.EqualTo(new long[] { 3, 2 }));
        Assert.That(await HistoryAsync(2, 2), Is.EqualTo(new long[] { 1 }));
    }

    private AuditAction Action() => policies.Changes.Single().ToAudit().Single().Action;

    private async Task<Policy> SavedAsync(PolicyDefinition definition) =>
        ((PolicySaved)await SaveAsync(definition)).Policy;

    private Task<PolicyOutcome> SaveAsync(
        PolicyDefinition definition,
        VersionCondition? condition = null
    ) =>
        new SavePolicyHandler(Writer()).Handle(
            new SavePolicyCommand(TestData.Client, definition, TestData.Actor, condition),
            CancellationToken.None
        );

    private Task<PolicyOutcome> DeleteAsync(VersionCondition? condition = null) =>
        new DeletePolicyHandler(Writer()).Handle(
            new DeletePolicyCommand(TestData.Client, Key, TestData.Actor, condition),
            CancellationToken.None
        );

    private Task<PolicyOutcome> RollBackAsync(long version, VersionCondition? condition = null) =>
        new RollBackPolicyHandler(policies, Writer()).Handle(
            new RollBackPolicyCommand(TestData.Client, Key, version, TestData.Actor, condition),
            CancellationToken.None
        );

    private Task<PolicyOutcome> ImportAsync(params PolicyDefinition[] definitions) =>
        ImportAsync(condition: null, definitions: definitions);

    private Task<PolicyOutcome> ImportAsync(
        VersionCondition? condition = null,
        bool deleteOthers = true,
        bool dryRun = false,
        params PolicyDefinition[] definitions
    ) =>
        new ImportPoliciesHandler(policies, Writer()).Handle(
            new ImportPoliciesCommand(
                TestData.Client,
                definitions,
                deleteOthers,
                dryRun,
                TestData.Actor,
                condition
            ),
            CancellationToken.None
        );

    private async Task<IEnumerable<long>> HistoryAsync(long? before, int limit) =>
        (
            await new PolicyHistoryHandler(policies).Handle(
                new PolicyHistoryQuery(TestData.Client, Key, before, limit),
                CancellationToken.None
            )
        ).Select(version => version.Version);

    private PolicyWriter Writer() =>
        new(
            policies,
            client.Directory,
            room,
            Options.Create(
                new QuotaOptions
                {
                    MaxPolicies = MaxPolicies,
                    MaxPolicyBytes = MaxBytes,
                    MaxWindowSeconds = MaxWindowSeconds,
                }
            ),
            new FakeTimeProvider(Later)
        );
}
