using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;

namespace RateLimiter.UnitTests.Application.Clients;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ClientDeletionsTests : IDisposable
{
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly KeptDeletions repository;
    private readonly KnownClient client = new();
    private readonly ApplicationLifetime lifetime = new(NullLogger<ApplicationLifetime>.Instance);
    private readonly FakeLogger<ClientDeletions> logger = new();
    private readonly ClientDeletions deletions;

    public ClientDeletionsTests()
    {
        repository = new KeptDeletions(time);
        deletions = new ClientDeletions(repository, client.Directory, lifetime, time, logger);
    }

    public void Dispose() => deletions.Dispose();

    [Test]
    public async Task Delete_Client_IsOverBeforeItsCountersAreLookedFor()
    {
        var deleting = DeleteAsync();

        time.Advance(ClientDeletions.PropagationTime - TimeSpan.FromMilliseconds(1));
        Assert.That(repository.Steps, Is.EqualTo(new[] { "begin", "client", "note" }));
        time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.That(
            await deleting.Soon(),
            Is.EqualTo(new DeletionOutcome(new(1, 2, 3, 9), IsComplete: true))
        );
        Assert.That(
            repository.Steps,
            Is.EqualTo(new[] { "begin", "client", "note", "counters", "note", "end" })
        );
        Assert.That(repository.Kept, Is.Empty);
        Assert.That(
            Lines(),
            Is.EqualTo([
                $"Client {TestData.Client} was deleted, with 1 policies, 2 keys, 3 log entries and 9 counters",
            ])
        );
    }

    [Test]
    public async Task Delete_Client_IsForgotten([Values] bool isAnswered)
    {
        repository.Fail("client", isDown: !isAnswered);

        Assert.That(
            await client.IsForgottenByAsync(() =>
            {
                _ = DeleteAsync();
                return Task.CompletedTask;
            })
        );
    }

    [Test]
    public async Task Delete_NotedAndTheStoreHangsThen_NobodyIsAcceptedHere(
        [Values] bool isAnswered
    )
    {
        repository.Fail("client", isDown: !isAnswered);

        var known = await client.KnownAfterAsync(() =>
        {
            _ = DeleteAsync();
            return Task.CompletedTask;
        });

        Assert.That(known, Is.Null);
    }

    [Test]
    public void Delete_NothingCanBeNoted_ThrowsAndDeletesNothing()
    {
        repository.Fail("begin");

        Assert.That(DeleteAsync, Throws.TypeOf<StoreUnavailableException>());
        Assert.That(repository.Steps, Is.Empty);
    }

    [TestCase("client", 0)]
    [TestCase("note", 1)]
    [TestCase("counters", 1)]
    [TestCase("end", 1)]
    public async Task Delete_StoreGoesAwayInBetween_SaysWhatIsDeletedAndStaysNoted(
        string step,
        int policies
    )
    {
        repository.Fail(step);

        var deleting = DeleteAsync();
        time.Advance(ClientDeletions.PropagationTime);
        var outcome = await deleting.Soon();

        Assert.That(outcome.IsComplete, Is.False);
        Assert.That(outcome.Deleted.Policies, Is.EqualTo(policies));
        Assert.That(repository.Kept.Keys, Is.EqualTo(new[] { TestData.Client }));
        Assert.That(Lines(), Is.Empty);
    }

    [Test]
    public async Task Delete_TakesLongerThanTheCallerWaits_GoesOn()
    {
        var handler = new DeleteClientHandler(deletions);
        repository.Pages = new TaskCompletionSource();
        var deleting = handler.Handle(
            new DeleteClientCommand(TestData.Client, TestData.Actor),
            CancellationToken.None
        );

        time.Advance(ClientDeletions.PropagationTime);
        time.Advance(DeleteClientHandler.Budget - ClientDeletions.PropagationTime);
        var outcome = await deleting.Soon();

        Assert.That(outcome, Is.EqualTo(new DeletionOutcome(new(1, 2, 3, 4), IsComplete: false)));
        repository.Pages.SetResult();
        await repository.Ended.Task.Soon();
    }

    [Test]
    public async Task Delete_CallerGoes_GoesOn()
    {
        using var caller = new CancellationTokenSource();
        var deleting = deletions.DeleteAsync(
            TestData.Client,
            TestData.Actor,
            TimeSpan.FromDays(1),
            caller.Token
        );

        await caller.CancelAsync();
        time.Advance(ClientDeletions.PropagationTime);

        Assert.That(async () => await deleting, Throws.InstanceOf<OperationCanceledException>());
        await repository.Ended.Task.Soon();
    }

    [Test]
    public async Task Delete_ServiceStops_IsLeftToOthers()
    {
        var deleting = DeleteAsync();

        lifetime.StopApplication();

        Assert.That((await deleting.Soon()).IsComplete, Is.False);
        Assert.That(repository.Kept.Keys, Is.EqualTo(new[] { TestData.Client }));
        Assert.That(Lines(), Is.Empty);
    }

    [Test]
    public async Task Delete_ServiceIsStopping_StillEndsTheClient()
    {
        lifetime.StopApplication();

        var outcome = await DeleteAsync().Soon();

        Assert.That(outcome, Is.EqualTo(new DeletionOutcome(new(1, 2, 3, 0), IsComplete: false)));
        Assert.That(repository.Kept.Keys, Is.EqualTo(new[] { TestData.Client }));
    }

    [Test]
    public async Task Delete_IsUnderWayAlready_SaysHowFarAndDoesNothing()
    {
        repository.Keep(
            new ClientDeletion(TestData.Client, TestData.Moment, new(5, 6, 7, 8), TestData.Actor)
        );

        var outcome = await DeleteAsync();

        Assert.That(outcome, Is.EqualTo(new DeletionOutcome(new(5, 6, 7, 8), IsComplete: false)));
        Assert.That(repository.Steps, Is.Empty);
    }

    [Test]
    public async Task Delete_SomethingUnforeseen_IsLoggedAndTriedAgain()
    {
        repository.Fail("counters", new InvalidOperationException("broken"));

        var deleting = DeleteAsync();
        time.Advance(ClientDeletions.PropagationTime);

        Assert.That((await deleting.Soon()).IsComplete, Is.False);
        Assert.That(Lines().Single(), Does.Contain("failed"));
        Assert.That(repository.Kept.Keys, Is.EqualTo(new[] { TestData.Client }));
    }

    [Test]
    public async Task Delete_SomebodyElseHasTakenItOver_IsLeftToHim()
    {
        var deleting = DeleteAsync();
        repository.Keep(
            new ClientDeletion(
                TestData.Client,
                TestData.Moment.AddMinutes(1),
                DeletionSummary.None,
                TestData.Actor
            )
        );

        time.Advance(ClientDeletions.PropagationTime);

        Assert.That((await deleting.Soon()).IsComplete, Is.False);
        Assert.That(repository.Steps, Has.None.EqualTo("end"));
        Assert.That(repository.Kept.Keys, Is.EqualTo(new[] { TestData.Client }));
    }

    [Test]
    public async Task Execute_Abandoned_IsCompletedWithWhatWasDeletedBefore()
    {
        repository.Keep(
            new ClientDeletion(
                TestData.Client,
                TestData.Moment - ClientDeletions.Abandoned,
                new(10, 20, 30, 40),
                TestData.Actor
            )
        );

        await deletions.StartAsync(CancellationToken.None);
        await PassUntilAsync(() => repository.Ended.Task.IsCompleted);
        await PassUntilAsync(() => logger.Collector.Count > 0);
        await deletions.StopAsync(CancellationToken.None);

        // The number of progress records depends on the speed of the clock.
        var steps = repository.Steps.ToList();
        Assert.That(
            steps.Where((step, i) => i == 0 || step != steps[i - 1]),
            Is.EqualTo(new[] { "note", "client", "note", "counters", "note", "end" })
        );
        Assert.That(
            Lines().Single(),
            Does.Contain("11 policies, 22 keys, 33 log entries and 49 counters")
        );
    }

    [Test]
    public async Task Execute_StoreWasAway_IsCompletedWhenItIsBack()
    {
        repository.Fail("counters");
        var deleting = DeleteAsync();
        time.Advance(ClientDeletions.PropagationTime);
        await deleting.Soon();

        await deletions.StartAsync(CancellationToken.None);
        var looked = repository.Looked;
        await PassUntilAsync(() => repository.Looked > looked + 3);
        Assert.That(repository.Kept, Is.Not.Empty);
        repository.Fail("counters", isDown: false);
        await PassUntilAsync(() => repository.Ended.Task.IsCompleted);
        await deletions.StopAsync(CancellationToken.None);
    }

    [Test]
    public async Task Execute_SomebodyTakesCareOfIt_IsLeftToHim()
    {
        repository.Keep(
            new ClientDeletion(
                TestData.Client,
                TestData.Moment,
                DeletionSummary.None,
                TestData.Actor
            )
        );
        repository.IsTakenCareOf = true;

        await deletions.StartAsync(CancellationToken.None);
        await PassUntilAsync(() => repository.Looked > 3);
        await deletions.StopAsync(CancellationToken.None);

        Assert.That(repository.Steps, Is.Empty);
    }

    private string[] Lines() => [.. logger.Collector.GetSnapshot().Select(line => line.Message)];

    private Task<DeletionOutcome> DeleteAsync() =>
        deletions.DeleteAsync(
            TestData.Client,
            TestData.Actor,
            TimeSpan.FromDays(1),
            CancellationToken.None
        );

    private async Task PassUntilAsync(Func<bool> isSo)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!isSo())
        {
            late.Token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
        }
    }

    /// <summary>A fake deletion repository that records its calls and can be made to fail.</summary>
    private sealed class KeptDeletions(TimeProvider time) : IDeletionRepository
    {
        private readonly ConcurrentDictionary<string, Exception> failures = [];
        private readonly ConcurrentQueue<string> steps = [];
        private int looked;

        public ConcurrentDictionary<ClientId, ClientDeletion> Kept { get; } = [];

        public IReadOnlyList<string> Steps => [.. steps];

        /// <summary>How often the deletions were listed.</summary>
        public int Looked => Volatile.Read(ref looked);

        /// <summary>Whether another instance records progress all the time.</summary>
        public bool IsTakenCareOf { get; set; }

        /// <summary>When set, the task that the second page of counters waits for.</summary>
        public TaskCompletionSource? Pages { get; set; }

        public TaskCompletionSource<bool> Ended { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Keep(ClientDeletion deletion) => Kept[deletion.Client] = deletion;

        public void Fail(string step, bool isDown = true)
        {
            if (isDown)
            {
                Fail(step, new StoreUnavailableException("gone"));
            }
            else
            {
                failures.TryRemove(step, out _);
            }
        }

        public void Fail(string step, Exception exception) => failures[step] = exception;

        public Task<IReadOnlyList<ClientDeletion>> ListAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref looked);
            foreach (var deletion in Kept.Values.Where(_ => IsTakenCareOf))
            {
                // Later than any time to which the test lets the clock advance meanwhile.
                Keep(deletion with { NotedAt = time.GetUtcNow().AddDays(1) });
            }

            return Task.FromResult<IReadOnlyList<ClientDeletion>>([.. Kept.Values]);
        }

        public async Task<bool> TryBeginAsync(
            ClientDeletion deletion,
            CancellationToken cancellationToken
        )
        {
            if (Kept.ContainsKey(deletion.Client))
            {
                return false;
            }

            await StepAsync("begin", cancellationToken);
            Keep(deletion);
            return true;
        }

        public async Task<bool> TryNoteAsync(
            ClientDeletion before,
            ClientDeletion? after,
            CancellationToken cancellationToken
        )
        {
            if (Kept[before.Client].NotedAt != before.NotedAt)
            {
                return false;
            }

            await StepAsync(after is null ? "end" : "note", cancellationToken);
            if (after is null)
            {
                Kept.TryRemove(before.Client, out _);
                Ended.TrySetResult(true);
            }
            else
            {
                Keep(after);
            }

            return true;
        }

        public async Task<DeletionSummary> DeleteClientAsync(
            ClientDeletion deletion,
            CancellationToken cancellationToken
        )
        {
            await StepAsync("client", cancellationToken);
            return new DeletionSummary(1, 2, 3, 0);
        }

        public async IAsyncEnumerable<int> DeleteCountersAsync(
            ClientId client,
            [System.Runtime.CompilerServices.EnumeratorCancellation]
                CancellationToken cancellationToken
        )
        {
            await StepAsync("counters", cancellationToken);
            yield return 4;
            await (Pages?.Task ?? Task.CompletedTask);
            yield return 5;
        }

        private Task StepAsync(string step, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (failures.TryGetValue(step, out var failure))
            {
                throw failure;
            }

            steps.Enqueue(step);
            return Task.CompletedTask;
        }
    }
}
