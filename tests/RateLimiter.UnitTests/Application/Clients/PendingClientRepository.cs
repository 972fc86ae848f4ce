using System.Threading.Channels;
using RateLimiter.Application.Clients;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;

namespace RateLimiter.UnitTests.Application.Clients;

/// <summary>A repository whose results the test sets, at a time that it chooses.</summary>
internal sealed class PendingClientRepository : IClientRepository
{
    private readonly Questions<ClientSnapshot?> loads = new();
    private readonly Questions<long?> versions = new();

    /// <summary>The number of loads of a whole client.</summary>
    public int Loads => loads.Count;

    /// <summary>The number of version queries.</summary>
    public int Versions => versions.Count;

    public Task<TaskCompletionSource<ClientSnapshot?>> NextLoadAsync() => loads.NextAsync();

    public Task<TaskCompletionSource<long?>> NextVersionAsync() => versions.NextAsync();

    public Task AddAsync(
        NewClient client,
        AuditRecord audit,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    /// <summary>The known version that the last load passed.</summary>
    public long Known { get; private set; }

    /// <summary>The loaded client that the last load passed.</summary>
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
    /// <summary>Fails a test that would otherwise hang.</summary>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(20));
}
