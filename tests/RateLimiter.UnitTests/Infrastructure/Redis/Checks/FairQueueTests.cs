using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Checks;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FairQueueTests
{
    private const int Turn = 10;

    private static readonly ClientId Busy = new("busy");
    private static readonly ClientId Quiet = new("quiet");

    private readonly FairQueue<string> queue = new(Turn);

    [Test]
    public void TryDequeue_OneTenant_IsInItsOrder()
    {
        Enqueue(Busy, work: 3, count: 20);

        Assert.That(Drain(), Is.EqualTo(Enumerable.Range(0, 20).Select(i => $"busy {i}")));
        Assert.That(queue.Count, Is.Zero);
    }

    [Test]
    public void TryDequeue_SeveralTenants_TakeTurns()
    {
        Enqueue(Busy, Turn, count: 3);
        Enqueue(Quiet, Turn, count: 2);

        Assert.That(
            Drain(),
            Is.EqualTo(new[] { "busy 0", "quiet 0", "busy 1", "quiet 1", "busy 2" })
        );
    }

    [Test]
    public void TryDequeue_OnesItemsAreMoreWork_EachGetsAsMuchWorkDone()
    {
        Enqueue(Busy, 4 * Turn, count: 10);
        Enqueue(Quiet, work: 1, count: 1000);

        var order = Drain();

        var busy = order.IndexOf("busy 9");
        Assert.That(
            order.Take(busy).Count(item => item.StartsWith("quiet", StringComparison.Ordinal)),
            Is.EqualTo(9 * 4 * Turn).Within(4 * Turn)
        );
    }

    [Test]
    public void TryDequeue_NoRoomForTheNext_LeavesIt()
    {
        Enqueue(Busy, work: 7, count: 1);

        Assert.That(queue.TryDequeue(6, out _), Is.False);
        Assert.That(queue.TryDequeue(7, out var item));
        Assert.That(item, Is.EqualTo("busy 0"));
    }

    [Test]
    public void HasShareOf_MoreThanOthers_IsToldFromLess()
    {
        Enqueue(Busy, work: 1, count: 99);
        Enqueue(Quiet, work: 1, count: 1);

        Assert.That(queue.HasShareOf(100, Busy));
        Assert.That(queue.HasShareOf(100, Quiet), Is.False);
        Assert.That(queue.HasShareOf(100, new ClientId("new")), Is.False);
    }

    private void Enqueue(ClientId tenant, int work, int count)
    {
        for (var i = 0; i < count; i++)
        {
            queue.Enqueue(tenant, $"{tenant} {i}", work);
        }
    }

    private List<string> Drain()
    {
        var order = new List<string>();
        while (queue.TryDequeue(int.MaxValue, out var item))
        {
            order.Add(item);
        }

        return order;
    }
}
