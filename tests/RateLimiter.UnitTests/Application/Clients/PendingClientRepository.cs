using System.Threading.Channels;
using RateLimiter.Application.Clients;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;

namespace RateLimiter.UnitTests.Application.Clients;

/// <summary>A store that answers when, and what, the test says.</summary>
internal sealed class PendingClientRepository : IClientRepository
{
    private readonly Questions<ClientSnapshot?> loads = new();
    private readonly Questions<long?> versions = new();

    /// <summary>How often a whole client was asked for.</summary>
    public int Loads => loads.Count;

    /// <summary>How often a version was asked for.</summary>
    public int Versions => versions.Count;

    public Task<TaskCompletionSource<ClientSnapshot?>> NextLoadAsync() => loads.NextAsync();

    public Task<TaskCompletionSource<long?>> NextVersionAsync() => versions.NextAsync();

    public Task AddAsync(
        NewClient client,
        AuditRecord audit,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    /// <summary>The version that was known when a client was asked for last.</summary>
    public long Known { get; private set; }

    /// <summary>What had been loaded when a client was asked for last.</summary>
    public ClientSnapshot? Loaded { get; private set; }

    public Task<ClientSnapshot?> FindAsync(
        ClientId client,
        long known,
        ClientSnapshot? loaded,
        CancellationToken cancellationToken
    )
    {
        (Known, Loaded) = (known, loaded);
        return loads.AskAsync();
    }

    public Task<long?> FindVersionAsync(ClientId client, CancellationToken cancellationToken) =>
        versions.AskAsync();

    private sealed class Questions<T>
    {
        private readonly Channel<TaskCompletionSource<T>> asked = Channel.CreateUnbounded<
            TaskCompletionSource<T>
        >();
        private int count;

        public int Count => Volatile.Read(ref count);

        public Task<T> AskAsync()
        {
            Interlocked.Increment(ref count);
            var question = new TaskCompletionSource<T>();
            asked.Writer.TryWrite(question);
            return question.Task;
        }

        public Task<TaskCompletionSource<T>> NextAsync() =>
            asked.Reader.ReadAsync().AsTask().Soon();
    }
}

internal static class Patience
{
    /// <summary>Makes a test that would hang fail.</summary>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(20));
}
