using RateLimiter.Infrastructure.Redis.Reservations;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Reservations;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ClientReservationsTests
{
    private const long Quota = 1000;
    private const long Later = 2_000_000;

    private readonly ClientReservations reservations = new(Quota);

    [Test]
    public void TryEnter_OnePercentUnknownToTheStore_NeedsTheStore()
    {
        for (var i = 0; i < Quota / 100; i++)
        {
            Assert.That(reservations.TryEnter(isAsked: false), Is.True);
        }

        Assert.That(reservations.TryEnter(isAsked: false), Is.False);
        Assert.That(reservations.TryEnter(isAsked: true), Is.True);
    }

    [Test]
    public void TryEnter_QuotaIsUsed_FailsUntilOthersLeave()
    {
        reservations.Know(Quota - 1);
        Assert.That(reservations.TryEnter(isAsked: true), Is.True);
        Assert.That(reservations.TryEnter(isAsked: true), Is.False);

        reservations.Leave();

        Assert.That(reservations.TryEnter(isAsked: true), Is.True);
    }

    [Test]
    public void TryEnter_WhileChangesAreSent_CountsThem()
    {
        reservations.Know(Quota - 1);
        reservations.Open("a", Later);
        reservations.Take();

        Assert.That(reservations.TryEnter(isAsked: true), Is.False);
    }

    [Test]
    public void Take_OpenedAndSettled_IsSentAsSettledOnly()
    {
        reservations.Open("a", Later);
        reservations.Open("b", Later);
        reservations.Settle("a");

        var changes = reservations.Take();

        Assert.That(changes.Opened.Select(it => it.Key), Is.EqualTo(["b"]));
        Assert.That(changes.Settled, Is.EqualTo(["a"]));
        Assert.That(reservations.HasChanges, Is.False);
    }

    [Test]
    public void PutBack_SettledMeanwhileOrExpired_IsNotSentAgain()
    {
        reservations.Open("a", Later);
        reservations.Open("b", Later);
        reservations.Open("expired", Later - 1);
        reservations.Take();
        reservations.Settle("a");

        reservations.PutBack(now: Later - 1);

        var changes = reservations.Take();
        Assert.That(changes.Opened.Select(it => it.Key), Is.EqualTo(["b"]));
        Assert.That(changes.Settled, Is.EqualTo(["a"]));
    }
}
