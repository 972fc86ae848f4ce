using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Clients;

/// <summary>
/// Deletes clients. Each deletion is noted in the store before it begins and until it is complete, so that one that was
/// left behind, because an instance was killed or the store went away, is gone on with by any instance.
/// </summary>
public sealed partial class ClientDeletions(
    IDeletionRepository repository,
    ClientDirectory directory,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<ClientDeletions> logger
) : RepeatingService("The search for deletions that were left behind", ResumeInterval, time, logger)
{
    /// <summary>How often it is noted how far a deletion has come.</summary>
    internal static readonly TimeSpan NoteInterval = TimeSpan.FromSeconds(1);

    /// <summary>Of what nothing was noted for so long, nobody takes care any more.</summary>
    internal static readonly TimeSpan Abandoned = TimeSpan.FromSeconds(10);

    /// <summary>How often abandoned deletions are looked for.</summary>
    internal static readonly TimeSpan ResumeInterval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The longest that a client's keys are let in somewhere after it was deleted, and then a second for the checks that
    /// are under way: counters that are looked for earlier could be followed by others.
    /// </summary>
    internal static readonly TimeSpan PropagationTime =
        ClientDirectory.MaxAge + TimeSpan.FromSeconds(1);

    // A pass over the store at a time: however many clients are deleted, others have their turn in between.
    private readonly SemaphoreSlim pass = new(1);

    /// <summary>Deletes a client.</summary>
    /// <param name="client">The client.</param>
    /// <param name="actor">Who wants it deleted.</param>
    /// <param name="budget">How long to wait. The deletion goes on.</param>
    /// <param name="cancellationToken">Ends the waiting, not the deletion.</param>
    /// <exception cref="StoreUnavailableException">It could not be noted; if it was, it is done later.</exception>
    public async Task<DeletionOutcome> DeleteAsync(
        ClientId client,
        Actor actor,
        TimeSpan budget,
        CancellationToken cancellationToken
    )
    {
        var begun = new ClientDeletion(client, Now(), DeletionSummary.None, actor);
        if (!await repository.TryBeginAsync(begun, cancellationToken))
        {
            // Another request was faster.
            var noted = await repository.ListAsync(cancellationToken);
            var other = noted.FirstOrDefault(deletion => deletion.Client == client);
            return new DeletionOutcome(other?.Deleted ?? DeletionSummary.None, IsComplete: false);
        }

        var run = new Run(begun);
        var isComplete = false;
        try
        {
            isComplete = await GoOnAsync(run).WaitAsync(budget, Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // It goes on.
        }

        return new DeletionOutcome(run.Deleted, isComplete);
    }

    public override void Dispose()
    {
        pass.Dispose();
        base.Dispose();
    }

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        foreach (var deletion in await repository.ListAsync(stoppingToken))
        {
            var resumed = deletion with { NotedAt = After(deletion) };
            if (
                resumed.NotedAt - deletion.NotedAt >= Abandoned
                && await repository.TryNoteAsync(deletion, resumed, stoppingToken)
            )
            {
                await GoOnAsync(new Run(resumed));
            }
        }
    }

    /// <summary>Does what is left to do, however much that is.</summary>
    /// <returns>Whether it is complete. Otherwise somebody else goes on with it, or will.</returns>
    private async Task<bool> GoOnAsync(Run run)
    {
        var client = run.Noted.Client;
        try
        {
            await DeleteClientAsync(run);
            if (!await NoteAsync(run))
            {
                return false;
            }

            await Task.Delay(PropagationTime, Time, lifetime.ApplicationStopping);
            if (!await DeleteCountersAsync(run))
            {
                return false;
            }

            if (!await repository.TryNoteAsync(run.Noted, null, lifetime.ApplicationStopping))
            {
                return false;
            }

            var deleted = run.Deleted;
            LogDeleted(
                Logger,
                client,
                deleted.Policies,
                deleted.Keys,
                deleted.LogEntries,
                deleted.Counters
            );
            return true;
        }
        catch (StoreUnavailableException)
        {
            // The monitor says so.
            return false;
        }
        catch (OperationCanceledException)
            when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return false;
        }
#pragma warning disable CA1031 // Nobody may be waiting for it to be told, and others are to be resumed all the same.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogFailure(Logger, exception, client);
            return false;
        }
    }

    /// <returns>Whether it is done. Otherwise somebody else goes on with it.</returns>
    private async Task<bool> DeleteCountersAsync(Run run)
    {
        while (!await pass.WaitAsync(NoteInterval, lifetime.ApplicationStopping))
        {
            if (!await NoteAsync(run))
            {
                return false;
            }
        }

        try
        {
            await foreach (
                var count in repository.DeleteCountersAsync(
                    run.Noted.Client,
                    lifetime.ApplicationStopping
                )
            )
            {
                run.Deleted += DeletionSummary.None with { Counters = count };
                if (Now() - run.Noted.NotedAt >= NoteInterval && !await NoteAsync(run))
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            pass.Release();
        }
    }

    private async Task DeleteClientAsync(Run run)
    {
        try
        {
            // It is one short step, which is not given up for the end of the service.
            run.Deleted += await repository.DeleteClientAsync(run.Noted, CancellationToken.None);
        }
        finally
        {
            // Also after a failure: it is noted, and done sooner or later.
            directory.Apply(
                run.Noted.Client,
                ClientDirectory.Latest,
                client => new ClientSnapshot(
                    client.Id,
                    ClientDirectory.Latest,
                    new KeyRing([]),
                    new PolicyTable([])
                )
            );
        }
    }

    private async Task<bool> NoteAsync(Run run)
    {
        var note = run.Noted with { NotedAt = After(run.Noted), Deleted = run.Deleted };
        if (!await repository.TryNoteAsync(run.Noted, note, lifetime.ApplicationStopping))
        {
            // Somebody took this one for abandoned, and goes on with it.
            return false;
        }

        run.Noted = note;
        return true;
    }

    private DateTimeOffset Now() =>
        DateTimeOffset.FromUnixTimeMilliseconds(Time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Now, but later than what was noted last, from which it is to be told apart.</summary>
    private DateTimeOffset After(ClientDeletion noted)
    {
        var (now, earliest) = (Now(), noted.NotedAt.AddMilliseconds(1));
        return now > earliest ? now : earliest;
    }

    [LoggerMessage(
        31,
        LogLevel.Information,
        "Client {Client} is deleted, with {Policies} policies, {Keys} keys, {LogEntries} log entries and {Counters} counters"
    )]
    private static partial void LogDeleted(
        ILogger logger,
        ClientId client,
        long policies,
        long keys,
        long logEntries,
        long counters
    );

    [LoggerMessage(32, LogLevel.Error, "The deletion of client {Client} failed and is tried again")]
    private static partial void LogFailure(ILogger logger, Exception exception, ClientId client);

    /// <summary>One attempt to complete a deletion.</summary>
    private sealed class Run(ClientDeletion noted)
    {
        private DeletionSummary deleted = noted.Deleted;

        /// <summary>What is noted of it in the store.</summary>
        public ClientDeletion Noted { get; set; } = noted;

        /// <summary>What is deleted so far, noted or not. Is read while it grows.</summary>
        public DeletionSummary Deleted
        {
            get => Volatile.Read(ref deleted);
            set => Volatile.Write(ref deleted, value);
        }
    }
}
