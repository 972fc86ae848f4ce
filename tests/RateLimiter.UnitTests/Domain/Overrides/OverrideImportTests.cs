using RateLimiter.Domain.Overrides;

namespace RateLimiter.UnitTests.Domain.Overrides;

public sealed class OverrideImportTests
{
    private static readonly OverrideDefinition Alice = OverrideCases.Limits();
    private static readonly OverrideDefinition MoreForAlice = OverrideCases.Limits(
        limits: ("default", 9)
    );
    private static readonly OverrideDefinition Bob = OverrideCases.Definition("bob");

    [Test]
    public void Import_WhatIsThere_ChangesNothing() =>
        Assert.That(
            Import(
                [
                    OverrideCases.Of(Alice, "1"),
                    OverrideCases.Of(Alice, "2"),
                    OverrideCases.Of(Bob, "3"),
                ],
                [Bob, OverrideCases.Limits(), Alice]
            ),
            Is.Empty
        );

    [Test]
    public void Import_SameKeyWithOtherContent_KeepsTheId()
    {
        var changes = Import([OverrideCases.Of(Alice, "1", age: 5)], [MoreForAlice]);

        var after = changes.Single().After!;
        Assert.That((after.Id, after.Version), Is.EqualTo(("1", 2)));
        Assert.That(after.Definition, Is.EqualTo(MoreForAlice));
        Assert.That(after.CreatedAt, Is.EqualTo(TestData.Moment.AddSeconds(-5)));
    }

    [Test]
    public void Import_SeveralOfTheSameKey_AreMatchedOnceEach()
    {
        var changes = Import(
            [OverrideCases.Of(Alice, "old", age: 2), OverrideCases.Of(MoreForAlice, "new", age: 1)],
            [MoreForAlice, MoreForAlice, MoreForAlice]
        );

        Assert.That(
            changes.Select(change => (change.Action, change.Before?.Id)),
            Is.EqualTo(
                new (RateLimiter.Domain.AuditAction, string?)[]
                {
                    (RateLimiter.Domain.AuditAction.OverrideUpdated, "old"),
                    (RateLimiter.Domain.AuditAction.OverrideCreated, null),
                }
            )
        );
    }

    [Test]
    public void Import_OthersAreThere_DeletesThemUnlessTheyAreKept([Values] bool deleteOthers)
    {
        var changes = Import([OverrideCases.Of(Bob, "1")], [Alice], deleteOthers);

        Assert.That(
            changes.Where(change => change.After is null).Select(change => change.Id),
            Is.EqualTo(deleteOthers ? ["1"] : Array.Empty<string>())
        );
    }

    [Test]
    public void Import_SeveralNewOnes_AreTheNewerTheLaterTheyStand()
    {
        var changes = Import([], [Alice, MoreForAlice, Bob]);

        Assert.That(changes.Select(change => change.After!.CreatedAt), Is.Ordered.And.Unique);
        Assert.That(changes.Select(change => change.Id), Is.Unique);
    }

    private static IReadOnlyList<OverrideChange> Import(
        Override[] known,
        OverrideDefinition[] wanted,
        bool deleteOthers = true
    ) => OverrideChange.Import(known, wanted, deleteOthers, TestData.Moment, TestData.Actor);
}
